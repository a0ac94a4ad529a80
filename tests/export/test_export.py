"""`colanet export`: what the arrays say, how they are found again without colanet, and what is refused."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

import colanet
from colanet.checkpoints import saved, saved_state
from colanet.config.model import Network, NoiseInput, Population, Projection
from colanet.errors import ConfigError, OutputError
from colanet.export import EXPORTS, export
from colanet.session import Session

CONFIG = Path(__file__).parents[1] / "plan" / "published.nnc"

SMALL = Network(
    inputs=(NoiseInput(name="R", size=2, noise=0.5, steps=20),),
    populations=(
        Population(name="L", size=2, w_min=-1.0, w_max=1.0, threshold_weight_factor=0.5, noise_amplitude=0.1),
        Population(name="G", size=2),
    ),
    projections=(
        Projection(source="R", target="L", kind="plastic", connection="all_to_all", initial_resource=2.0, delay=3),
        Projection(source="L", target="G", weight=-2.5, probability=0.5),
        Projection(source="G", target="L", kind="gating", connection="one_to_one", weight=-4),
    ),
    copies=2,
)


@pytest.fixture
def written(tmp_path):
    """Manifest and arrays of the small network before its first step, read with NumPy and JSON alone."""
    session = Session(SMALL, engine="reference", seed=5)
    paths = export("arrays", session.plan, session.state(), tmp_path / "out")
    assert paths == [tmp_path / "out" / "arrays.npz", tmp_path / "out" / "manifest.json"]
    manifest = json.loads(paths[1].read_text(encoding="utf-8"))
    with np.load(paths[0], allow_pickle=False) as file:
        return session, paths, manifest, dict(file)


def test_numbers_of_a_small_network(written):
    session, _, manifest, arrays = written
    assert arrays["R->L/pre"].tolist() == [0, 0, 1, 1]
    assert arrays["R->L/post"].tolist() == [0, 1, 0, 1]
    assert arrays["R->L/delay"].tolist() == [3] * 4
    # W = 2 between -1 and 1: w = -1 + 2 * 2 / (2 + 2) = 0; W is in 2^-20.
    assert arrays["0/R->L/resource"].tolist() == [2 << 20] * 4
    assert arrays["1/R->L/weight"].tolist() == [0] * 4
    assert arrays["0/L/threshold"].tolist() == [8531, 8531]
    assert [(p["name"], p["kind"], p["source"], p["target"]) for p in manifest["projections"]] == [
        ("R->L", "plastic", "R", "L"), ("L->G", "fixed", "L", "G"), ("G->L", "gating", "G", "L"),
    ]  # fmt: skip
    assert [p.get("weight") for p in manifest["projections"]] == [
        None,
        {"value": -2500, "unit": "1/1000 of the potential unit"},
        {"value": -4, "unit": "steps"},
    ]
    assert [p["drawn_for_each_copy"] for p in manifest["projections"]] == [False, True, False]
    for copy in range(2):
        synapses = session.plan.synapses(1, copy)
        assert arrays[f"{copy}/L->G/pre"].tolist() == synapses.pre.tolist()
        assert arrays[f"{copy}/L->G/post"].tolist() == synapses.post.tolist()
    assert "L->G/pre" not in arrays
    assert (manifest["format"], manifest["seed"], manifest["copies"]) == ("colanet arrays 1", 5, 2)
    assert Network.model_validate(manifest["configuration"]) == SMALL


def test_the_manifest_describes_every_array(written):
    _, paths, manifest, arrays = written
    assert set(manifest["arrays"]) == set(arrays)
    for key, said in manifest["arrays"].items():
        array = arrays[key]
        assert (said["shape"], said["dtype"]) == (list(array.shape), array.dtype.str)
        assert said["sha256"] == hashlib.sha256(array.tobytes()).hexdigest()
        assert said["unit"] in ("1/1000 of the potential unit", "2^-20", "steps", "index")
    assert manifest["sha256"] == hashlib.sha256(paths[0].read_bytes()).hexdigest()


def test_the_same_state_gives_the_same_bytes(written, tmp_path):
    session, paths, _, _ = written
    again = export("arrays", session.plan, session.state(), tmp_path / "again")
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in paths]


def test_a_trained_network_from_its_file(call, tmp_path):
    run = ["run", CONFIG, "--train", 100, "--test", 5, "--copies", 1, "--quiet", "--save", tmp_path / "s.h5"]
    assert call(*run)[0] == 0
    out = tmp_path / "out"
    expected = f"{out / 'arrays.npz'}\n{out / 'manifest.json'}\n"
    assert call("export", tmp_path / "s.h5", "--out", out) == (0, expected, "")
    plan, state = saved_state(tmp_path / "s.h5")
    weights = colanet.inspection.weights(plan, state, "R->L")
    with np.load(out / "arrays.npz") as arrays:
        sparse = np.full(weights.shape, np.nan)
        sparse[arrays["R->L/pre"], arrays["R->L/post"]] = arrays["0/R->L/weight"] / 1000
        thresholds = arrays["0/L/threshold"]
    np.testing.assert_array_equal(sparse, weights)
    assert (np.diff(weights.ravel()) != 0).any()
    # The share of the weights is in it: alpha times the sum of the positive ones, in whole 1/1000.
    p = plan.population("L")
    positive = np.rint(1000 * np.maximum(weights, 0)).astype(np.int64).sum(axis=0)
    assert thresholds.tolist() == (8531 + (p.alpha * positive >> 20)).tolist()
    assert call("export", tmp_path / "s.h5", "--out", out) == (
        2, "", f"{out}: holds files already; --overwrite replaces those of the same names\n",
    )  # fmt: skip
    assert call("export", tmp_path / "s.h5", "--out", out, "--overwrite")[0] == 0


def test_the_list(call):
    status, out, err = call("export", "--list")
    assert (status, err) == (0, "")
    listed = dict(line.split(None, 1) for line in out.splitlines())
    assert listed.keys() >= set(EXPORTS.names())
    assert listed["arrays"].startswith("NumPy arrays")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "STATE.h5 is missing; see colanet export --help"),
        (("s.h5",), "--out FOLDER is missing; see colanet export --help"),
        (("s.h5", "--out", "x", "--format", "no"), "unknown export format no; known: arrays"),
        (("s.h5", "--out", "x"), "s.h5: "),
    ],
)
def test_what_is_missing_is_said(call, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    status, out, err = call("export", *words)
    assert (status, out) == (2, "")
    assert err.startswith(said)
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_errors_of_a_format_are_one_line(tmp_path):
    session = Session(SMALL, engine="reference")

    def broken(plan, state, folder):
        raise ZeroDivisionError("by\nzero")

    EXPORTS.register("broken", broken)
    try:
        with pytest.raises(OutputError, match=r"^.*out: export format broken failed \(ZeroDivisionError: by\)$"):
            export("broken", session.plan, session.state(), tmp_path / "out")
    finally:
        EXPORTS.unregister("broken")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file: is a file, expected a folder"):
        export("arrays", session.plan, session.state(), tmp_path / "file")
    with pytest.raises(ConfigError, match="unknown export format broken"):
        export("broken", session.plan, session.state(), tmp_path / "out")


def noting(plan, state, folder, *, learn=False, images=3, title=None, step):
    """What it was given (given.txt)."""
    path = folder / "given.txt"
    path.write_text(f"{learn} {images} {title} {step}", encoding="utf-8")
    return [path]


@pytest.fixture
def noted(call, tmp_path):
    EXPORTS.register("noting", noting)
    run = ["run", CONFIG, "--train", 10, "--test", 0, "--copies", 1, "--quiet", "--save", tmp_path / "s.h5"]
    assert call(*run)[0] == 0
    yield ["export", tmp_path / "s.h5", "--format", "noting", "--out", tmp_path / "out"]
    EXPORTS.unregister("noting")


def test_options_of_a_format(call, noted, tmp_path):
    def given():
        return (tmp_path / "out" / "given.txt").read_text(encoding="utf-8")

    assert call(*noted)[0] == 0
    period = saved(tmp_path / "s.h5").plan.description.inputs[0].period
    assert given() == f"False 3 None {10 * period}"
    more = ["--overwrite", "--learn", "--option", "images=-7", "--option", "title=a=b"]
    assert call(*noted, *more)[0] == 0
    assert given() == f"True -7 a=b {10 * period}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--option", "pictures=3"], "export format noting has no option pictures; it has learn, images, title\n"),
        (["--option", "images=x"], "export format noting: option images: expected a whole number, not 'x'\n"),
        (
            ["--option", f"images={'7' * 5000}"],
            f"export format noting: option images: expected a whole number, not '{'7' * 59}\n",
        ),
        (["--option", "learn=perhaps"], "export format noting: option learn: expected yes or no, not 'perhaps'\n"),
        (["--option", "images"], "--option images: expected NAME=VALUE\n"),
        (["--format", "arrays", "--learn"], "export format arrays has no option learn; it has none\n"),
    ],
)
def test_options_that_cannot_be(call, noted, words, said):
    assert call(*noted, *words) == (2, "", said)


def test_the_list_tells_options(call, noted):
    listed = dict(line.split(None, 1) for line in call("export", "--list")[1].splitlines())
    assert listed["noting"] == "What it was given (given.txt). [learn=no, images=3, title=]"


def test_a_refused_export_leaves_no_folder(call, noted, tmp_path):
    def refuses(plan, state, folder):
        """Nothing."""
        raise ConfigError("not this network")

    EXPORTS.register("refuses", refuses)
    try:
        words = ["export", tmp_path / "s.h5", "--format", "refuses", "--out", tmp_path / "no"]
        assert call(*words) == (2, "", "not this network\n")
    finally:
        EXPORTS.unregister("refuses")
    assert not (tmp_path / "no").exists()


def test_a_state_of_a_newer_colanet(call, noted, tmp_path, monkeypatch):
    import colanet.checkpoints as checkpoints

    read = checkpoints.read_h5

    def newer(path):
        arrays, attributes = read(path)
        text = attributes["configuration"].replace('"size":150', '"size":150,"hue_bits":3', 1)
        assert text != attributes["configuration"]
        return arrays, attributes | {"configuration": text}

    monkeypatch.setattr(checkpoints, "read_h5", newer)
    status, out, err = call(*noted)
    assert (status, out) == (2, "")
    version = colanet.__version__
    expected = f"its configuration has hue_bits, which colanet {version} does not know; a newer one wrote it\n"
    assert err == f"{tmp_path / 's.h5'}: {expected}"
