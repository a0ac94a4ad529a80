"""HDF5 files are whole or absent, and damaged ones are refused."""

import errno
import os
import stat
import subprocess
import sys

import h5py
import numpy as np
import pytest

from colanet.atomic import atomic_path
from colanet.errors import CheckpointError, OutputError
from colanet.recorded import Again
from colanet.storage import FORMAT, Blocks, read_h5, seal, write_h5


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {
        "a": rng.integers(0, 9, 7).astype(np.int32),
        "group/b": rng.random((3, 4)),
        "group/deeper/c": np.zeros(0, dtype=np.int64),
        "big": rng.integers(0, 3, 20_000).astype(np.int16),
    }


def test_what_is_written_is_read(tmp_path, arrays):
    write_h5(tmp_path / "x.h5", arrays, {"kind": "state", "seed": 2**63 - 1})
    found, attributes = read_h5(tmp_path / "x.h5")
    assert found.keys() == arrays.keys()
    for key, array in arrays.items():
        np.testing.assert_array_equal(found[key], array)
        assert found[key].dtype == array.dtype
    assert attributes["kind"] == "state"
    assert int(attributes["seed"]) == 2**63 - 1
    assert attributes["colanet_format"] == FORMAT


def test_folders_are_made_and_nothing_is_left_over(tmp_path, arrays):
    write_h5(tmp_path / "new" / "deep" / "x.h5", arrays, {})
    assert [p.name for p in (tmp_path / "new" / "deep").iterdir()] == ["x.h5"]


def test_a_failed_write_keeps_the_old_file(tmp_path, arrays):
    path = tmp_path / "x.h5"
    write_h5(path, arrays, {"kind": "old"})
    before = path.read_bytes()
    with pytest.raises(TypeError):
        write_h5(path, {"a": arrays["a"], "bad": object()}, {})
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["x.h5"]


def test_a_failed_first_write_leaves_no_file(tmp_path):
    with pytest.raises(RuntimeError, match="stop"), atomic_path(tmp_path / "x.txt") as temporary:
        temporary.write_text("half")
        raise RuntimeError("stop")
    assert list(tmp_path.iterdir()) == []


def test_the_file_appears_only_when_it_is_complete(tmp_path):
    with atomic_path(tmp_path / "x.txt") as temporary:
        temporary.write_text("all")
        assert not (tmp_path / "x.txt").exists()
    assert (tmp_path / "x.txt").read_text() == "all"


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be replaced elsewhere")
def test_whoever_reads_the_old_file_goes_on_reading_it(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("old")
    with open(path) as reader:
        with atomic_path(path) as temporary:
            temporary.write_text("new")
        assert reader.read() == "old"
    assert path.read_text() == "new"


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_files_have_the_usual_mode(tmp_path):
    old = os.umask(0o027)
    try:
        with atomic_path(tmp_path / "x.txt") as temporary:
            temporary.write_text("")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "x.txt").stat().st_mode) == 0o640


def test_a_missing_file(tmp_path):
    with pytest.raises(CheckpointError, match=r"x\.h5: no such file"):
        read_h5(tmp_path / "x.h5")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_file(tmp_path, arrays, share):
    path = tmp_path / "x.h5"
    write_h5(path, arrays, {"kind": "state"})
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(CheckpointError, match=r"x\.h5: (not a readable HDF5 file|damaged, its checksum)"):
        read_h5(path)


@pytest.mark.parametrize("seed", range(40))
def test_damaged_bytes_never_escape_as_a_stranger_error(tmp_path, arrays, seed):
    path = tmp_path / "x.h5"
    write_h5(path, arrays, {"kind": "state"})
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    first = int(rng.integers(0, len(content) - 64))
    content[first : first + 64] = rng.bytes(64)
    path.write_bytes(content)
    try:
        read_h5(path)  # damage inside the values of an array cannot be seen
    except CheckpointError as error:
        assert "x.h5" in str(error)
        assert "\n" not in str(error)


def test_a_stranger_s_file(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["a"] = 1
    with pytest.raises(CheckpointError, match="not a colanet file"):
        read_h5(tmp_path / "x.h5")
    (tmp_path / "y.h5").write_text("hello")
    with pytest.raises(CheckpointError, match="not a readable HDF5 file"):
        read_h5(tmp_path / "y.h5")


def test_another_format(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.attrs["colanet_format"] = FORMAT + 1
    content = (tmp_path / "x.h5").read_bytes()
    (tmp_path / "x.h5").write_bytes(seal(content) + content)
    with pytest.raises(CheckpointError, match=f"of format {FORMAT}, but {FORMAT + 1}"):
        read_h5(tmp_path / "x.h5")


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(CheckpointError):
        read_h5(tmp_path)


# ------------------------------------------------------------------ streamed files


def blocks_of(rows, size=1000):
    """Rows block by block, as recordings come."""
    parts = [rows[i : i + size] for i in range(0, len(rows), size)]
    return Blocks(rows.shape, rows.dtype, Again(lambda: iter(parts)))


def test_a_file_written_block_by_block_is_read_back(tmp_path):
    rows = np.random.default_rng(0).integers(0, 2**40, (12_345, 2))
    write_h5(tmp_path / "x.h5", {"a/rows": blocks_of(rows), "small": np.arange(3)}, {"kind": "results"})
    arrays, attributes = read_h5(tmp_path / "x.h5")
    np.testing.assert_array_equal(arrays["a/rows"], rows)
    assert arrays["small"].tolist() == [0, 1, 2]
    assert attributes["kind"] == "results"
    with h5py.File(tmp_path / "x.h5") as plain:
        np.testing.assert_array_equal(plain["a/rows"][:], rows)
    assert [path.name for path in tmp_path.iterdir()] == ["x.h5"]
    content = bytearray((tmp_path / "x.h5").read_bytes())
    content[len(content) // 2] ^= 4
    (tmp_path / "x.h5").write_bytes(content)
    with pytest.raises(CheckpointError, match="its checksum does not fit"):
        read_h5(tmp_path / "x.h5")


def test_room_that_is_not_there_is_missed_before_hdf5_begins(tmp_path, monkeypatch):
    """The older file stays, and nothing else."""
    (tmp_path / "x.h5").write_bytes(b"older")

    def full(descriptor, offset, size):
        assert size >= 12_345 * 16
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(OutputError, match=os.strerror(errno.ENOSPC)):
        write_h5(tmp_path / "x.h5", {"rows": blocks_of(np.ones((12_345, 2), dtype=np.int64))}, {})
    assert [path.name for path in tmp_path.iterdir()] == ["x.h5"]
    assert (tmp_path / "x.h5").read_bytes() == b"older"


STREAM = """
import resource, sys
import numpy as np
from colanet.storage import Blocks, write_h5
block, repeats = np.random.default_rng(0).integers(0, 2**60, (100_000, 2)), int(sys.argv[1])
write_h5(sys.argv[2], {"rows": Blocks((repeats * len(block), 2), block.dtype, [block] * repeats)}, {})
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_streaming_takes_the_memory_of_a_block(tmp_path):
    """A file of 128 MB is written with hardly more memory than one of 3 MB."""
    pytest.importorskip("resource")
    words = [sys.executable, "-c", STREAM]
    peaks = [
        int(subprocess.run([*words, n, tmp_path / "x.h5"], check=True, capture_output=True, text=True).stdout)
        for n in ("2", "80")
    ]
    assert peaks[1] - peaks[0] < 32 << 10, "KiB"
