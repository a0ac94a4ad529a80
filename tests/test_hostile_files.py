"""Files that are damaged, or made to do harm: refused in one line, or what they hold is what was written."""

import json

import h5py
import numpy as np
import pytest

from colanet import storage
from colanet.checkpoints import saved_state
from colanet.config.model import Network
from colanet.engine import base
from colanet.errors import CheckpointError, ColanetError
from colanet.seal import seal_file
from colanet.session import Recording, Session
from colanet.storage import SEAL_BYTES, read_h5, seal, write_h5
from tests.flips import flipped

NETWORK = Network.model_validate(
    {
        "inputs": [{"name": "R", "kind": "noise", "size": 12, "noise": 0.5, "steps": 60}],
        "populations": [{"name": "N", "size": 6, "columns": 2, "w_min": -1, "w_max": 1, "hebbian_rate": 0.1}],
        "projections": [
            {"source": "R", "target": "N", "kind": "plastic", "connection": "random", "probability": 0.5}
        ],
    }
)


def session(**values):
    return Session(NETWORK, **{"threads": 1, "engine": "reference", "recording": Recording(), **values})


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A file of every kind that a session writes, by kind."""
    folder = tmp_path_factory.mktemp("files")
    one = session()
    result = one.run(40)
    paths = {kind: folder / f"{kind}.h5" for kind in ("state", "checkpoint", "results")}
    one.save(paths["state"])
    one.checkpoint(paths["checkpoint"])
    one.write_results(paths["results"], result)
    return paths


def take(kind, path):
    """Read a file as its reader does; what comes of it."""
    if kind == "state":
        new = session()
        new.load(path)
        saved_state(path)
    elif kind == "checkpoint":
        new = session()
        new.resume(path)
        saved_state(path)
    else:
        return read_h5(path)
    return base.digest(new.engine.state(), new.origin + new.step)


def refused(kind, path):
    with pytest.raises(CheckpointError) as caught:
        take(kind, path)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert "\n" not in line
    return line


# -------------------------------------------------------------------- bits and bytes


@pytest.mark.parametrize("kind", ["state", "checkpoint", "results"])
def test_every_flipped_bit_is_noticed(kind, files, tmp_path):
    """Anywhere in the file: in the seal, in HDF5's own structures, in values, in what nothing points to."""
    content, path = files[kind].read_bytes(), tmp_path / "x.h5"
    for damaged in (*flipped(content), *flipped(content, 40, last=SEAL_BYTES)):
        path.write_bytes(damaged)
        refused(kind, path)


@pytest.mark.parametrize("kind", ["state", "checkpoint", "results"])
@pytest.mark.parametrize("change", ["cut", "longer", "swapped", "empty", "seal only", "no seal"])
def test_other_lengths_and_orders_are_noticed(kind, change, files, tmp_path):
    content = files[kind].read_bytes()
    path = tmp_path / "x.h5"
    middle = len(content) // 2
    path.write_bytes(
        {
            "cut": content[:-1],
            "longer": content + b"\0",
            "swapped": content[:SEAL_BYTES] + content[middle:] + content[SEAL_BYTES:middle],
            "empty": b"",
            "seal only": content[:SEAL_BYTES],
            "no seal": content[SEAL_BYTES:],
        }[change]
    )
    refused(kind, path)


def test_any_hdf5_library_reads_the_files(files):
    with h5py.File(files["results"]) as file:
        assert file.attrs["kind"] == "results"
        assert file["spike_counts"].shape == (1, 1)


def test_an_older_file_is_read_once_it_is_sealed(files, tmp_path):
    path = tmp_path / "old.h5"
    with h5py.File(path, "w") as file, h5py.File(files["state"]) as new:
        for name in new:
            new.copy(name, file)
        for name, value in new.attrs.items():
            file.attrs[name] = value
        file.attrs["colanet_format"] = 1
    before = path.read_bytes()
    assert "python -m colanet.seal adds one" in refused("state", path)
    assert path.read_bytes() == before
    seal_file(path)
    assert take("state", path) == take("state", files["state"])
    with pytest.raises(CheckpointError, match="not an HDF5 file without a checksum"):
        seal_file(path)


# --------------------------------------------------------------------- hostile HDF5


def external(file, folder):
    (folder / "secret").write_bytes(b"root:x:0:0:secret" * 9)
    file.create_dataset("a", (16,), "u1", external=[(str(folder / "secret"), 0, 16)])


def virtual(file, folder):
    layout = h5py.VirtualLayout((4,), "i4")
    layout[:] = h5py.VirtualSource(folder / "other.h5", "b", (4,))
    file.create_virtual_dataset("a", layout)


def unallocated(chunks):
    def make(file, _):
        file.create_dataset("a", (1 << 40,), "u1", chunks=chunks, fillvalue=7)

    return make


def gzipped(file, _):
    file.create_dataset("a", data=np.zeros(1 << 24, "u1"), chunks=(1 << 24,), compression="gzip")


def deep(file, _):
    group = file
    for _ in range(200):
        group = group.create_group("g")


def loop(file, _):
    for name in "abcdefgh":
        file[f"g/{name}"] = file["/"] if name == "a" else file["g"]


def shared(file, _):
    file["one"] = np.arange(3000)
    for i in range(5000):
        file[f"l{i:04}"] = file["one"]


HOSTILE = {
    "external storage": external,
    "virtual": virtual,
    "soft link": lambda file, _: file.__setitem__("a", h5py.SoftLink("/kind")),
    "external link": lambda file, folder: file.__setitem__("a", h5py.ExternalLink("/etc/passwd", "/")),
    "unallocated": unallocated(None),
    "unallocated chunks": unallocated((1 << 20,)),
    "large chunks": lambda file, _: file.create_dataset("a", (5,), "u1", chunks=(1 << 31,), maxshape=(None,)),
    "gzip": gzipped,
    "text": lambda file, _: file.__setitem__("a", ["one", "two"]),
    "references": lambda file, _: file.create_dataset("a", data=np.array([file.ref], dtype=h5py.ref_dtype)),
    "compound": lambda file, _: file.__setitem__("a", np.zeros(3, dtype=[("x", "i4"), ("y", "f8")])),
    "ragged": lambda file, _: file.create_dataset("a", (3,), h5py.vlen_dtype("i4")),
    "opaque": lambda file, _: file.__setitem__("a", np.zeros(3, "V5")),
    "no shape": lambda file, _: file.__setitem__("a", h5py.Empty("f4")),
    "named type": lambda file, _: file.__setitem__("a", np.dtype("i4")),
    "deep": deep,
    "loop": loop,
    "one array, many names": shared,
    "array attribute": lambda file, _: file.attrs.__setitem__("seed", np.arange(3)),
    "huge attribute": lambda file, _: file.attrs.create("seed", np.zeros(8000)),
    "empty attribute": lambda file, _: file.attrs.__setitem__("seed", h5py.Empty("i4")),
    "compound attribute": lambda file, _: file.attrs.__setitem__("seed", np.zeros((), [("x", "i4")])),
    "many attributes": lambda file, _: [file.attrs.__setitem__(f"a{i}", i) for i in range(100)],
    "bytes that are no text": lambda file, _: file.attrs.__setitem__("kind", b"\xff\xfe"),
    "text that is no UTF-8": lambda file, _: file.attrs.create("kind", b"\xc3\x28", dtype=h5py.string_dtype()),
    "a name that is no UTF-8": lambda file, _: h5py.h5g.create(file.id, b"\xff\xfe"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_colanet_does_not_write_is_refused_under_any_checksum(what, tmp_path):
    """A checksum is no signature: whoever makes such a file can make the checksum too."""
    path, plain = tmp_path / "x.h5", tmp_path / "plain.h5"
    with h5py.File(plain, "w") as file:
        file.attrs["colanet_format"] = storage.FORMAT
        HOSTILE[what](file, tmp_path)
    content = plain.read_bytes()
    assert len(content) < 1 << 20
    path.write_bytes(seal(content) + content)
    with pytest.raises(CheckpointError, match="not a readable HDF5 file") as caught:
        read_h5(path)
    assert "\n" not in str(caught.value)


# ------------------------------------------------------------- attributes and tallies


VALUES = [
    None, -1, 2**63 - 1, 1 << 62, 0.5, float("nan"), float("inf"), -0.5, "", "text", "[" * 100_000, "{}", "[1]",
    json.dumps({"R": -1}), json.dumps({"R": 2**60}), json.dumps({"R": "a"}), json.dumps({"R": 1e400}),
]  # fmt: skip


def rewritten(path, source, arrays=None, attributes=None):
    """A copy of a file with other contents; None stands for left out."""
    old, named = read_h5(source)
    changed = {k: v for k, v in {**old, **(arrays or {})}.items() if v is not None}
    named = {k: v for k, v in {**named, **(attributes or {})}.items() if v is not None}
    write_h5(path, changed, named)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["state", "checkpoint"])
def test_attributes_of_any_kind_never_end_in_a_traceback(kind, files, tmp_path):
    """Whatever stands in an attribute: it is taken as what it says, or refused in one line."""
    _, attributes = read_h5(files[kind])
    for name in attributes.keys() - {"colanet_format", "colanet_version"}:
        for value in VALUES:
            path = rewritten(tmp_path / "x.h5", files[kind], attributes={name: value})
            for read in (lambda p: take(kind, p), saved_state):
                try:
                    read(path)
                except ColanetError as error:
                    assert str(error).startswith(f"{path}: "), (name, value)
                    assert "\n" not in str(error), (name, value)


def mutations(array):
    """The same array in wrong shapes and types, and with impossible values."""
    yield "missing", None
    yield "shorter", array.reshape(-1)[:-1] if array.size else np.zeros(3, array.dtype)
    yield "longer", np.concatenate([array, array[:1]]) if len(array) else np.zeros((2, 2), array.dtype)
    yield "scalar", np.zeros((), array.dtype)
    yield "more dimensions", array[None]
    yield "floats", array.astype(np.float32)
    if array.dtype.itemsize > 1:
        yield "swapped", array.astype(array.dtype.newbyteorder(">"))
    yield "text", np.full(array.shape, b"a")
    if array.size:
        yield "negative", np.full_like(array, -1) if array.dtype.kind == "i" else array.astype(np.int8)


def test_tallies_of_any_kind_are_refused(files, tmp_path):
    arrays, _ = read_h5(files["checkpoint"])
    names = [name for name in arrays if not name.startswith("state/")]
    assert {"tally/spikes", "records/0/N"} <= set(names)
    for name in names:
        for what, changed in mutations(arrays[name]):
            if (name, what) != ("records/0/N", "longer"):  # any number of spikes may be recorded
                path = rewritten(tmp_path / "x.h5", files["checkpoint"], arrays={name: changed})
                assert refused("checkpoint", path), (name, what)


@pytest.mark.parametrize("kind", ["state", "checkpoint"])
def test_states_of_other_shapes_are_refused(kind, files, tmp_path):
    arrays, _ = read_h5(files[kind])
    for name in arrays:
        if name.startswith(("tally/", "records/")):
            continue
        for what, changed in mutations(arrays[name]):
            if what != "negative":
                path = rewritten(tmp_path / "x.h5", files[kind], arrays={name: changed})
                assert refused(kind, path), (name, what)


@pytest.mark.parametrize("rows", [[[40, 0]], [[0, 6]], [[-1, 0]], [[0, -1]]])
def test_records_of_spikes_that_cannot_be_are_refused(rows, files, tmp_path):
    path = rewritten(tmp_path / "x.h5", files["checkpoint"], arrays={"records/0/N": np.array(rows)})
    assert "damaged, records/0/N" in refused("checkpoint", path)


def test_a_refused_checkpoint_leaves_the_session_as_it_was(files, tmp_path):
    one = session()
    before = base.digest(one.engine.state(), 0)
    path = rewritten(tmp_path / "x.h5", files["checkpoint"], attributes={"seconds": float("nan")})
    with pytest.raises(CheckpointError, match="seconds is nan, expected a number of at least 0"):
        one.resume(path)
    assert (base.digest(one.engine.state(), 0), one.step) == (before, 0)


# --------------------------------------------------------------- seeds and input sizes


def test_a_state_of_another_seed_is_refused_where_synapses_are_drawn(files):
    with pytest.raises(CheckpointError, match=r"was saved under seed 0, which its connections .*R->N.* has seed 5"):
        session(seed=5).load(files["state"])


@pytest.mark.parametrize("delay", [1, {"uniform": [1, 5]}])
def test_a_state_of_another_seed_is_taken_where_nothing_is_drawn(delay, tmp_path):
    values = NETWORK.model_dump(mode="json")
    values["projections"][0] |= {"connection": "all_to_all", "probability": 1.0, "delay": delay}
    network = Network.model_validate(values)
    first, second = (Session(network, seed=seed, threads=1, engine="reference") for seed in (0, 5))
    first.save(tmp_path / "s.h5")
    if delay == 1:
        second.load(tmp_path / "s.h5")
    else:
        with pytest.raises(CheckpointError, match="connections or delays"):
            second.load(tmp_path / "s.h5")


def test_a_state_of_other_input_sizes_is_refused(files, tmp_path):
    path = rewritten(tmp_path / "x.h5", files["state"], attributes={"input_sizes": '{"R": 13}'})
    with pytest.raises(CheckpointError, match="was saved with 13 nodes of input R, here it has 12"):
        session().load(path)
