"""HDF5 files are whole or absent, and damaged ones are refused."""

import os
import stat

import h5py
import numpy as np
import pytest

from colanet.atomic import atomic_path
from colanet.errors import CheckpointError
from colanet.storage import FORMAT, Blocks, fill, read_h5, reserve, write_h5


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
    with pytest.raises(CheckpointError, match=r"x\.h5: not a readable HDF5 file"):
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
        assert "x.h5" in str(error) and "\n" not in str(error)


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
    with pytest.raises(CheckpointError, match=f"of format {FORMAT}, but {FORMAT + 1}"):
        read_h5(tmp_path / "x.h5")


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(CheckpointError):
        read_h5(tmp_path)


@pytest.mark.parametrize("userblock", [0, 512])
def test_arrays_that_come_in_blocks(tmp_path, userblock):
    rows = np.arange(20_000, dtype=np.int64).reshape(-1, 2) << 33
    blocks = [rows[:7], rows[7:7], rows[7:9000], rows[9000:]]
    streams = {"spikes/0/A/B": Blocks(rows.shape, rows.dtype, blocks), "none": Blocks((0, 2), rows.dtype, [])}
    with h5py.File(tmp_path / "a.h5", "w", userblock_size=userblock) as file:
        file["before"] = np.arange(5)
        later = [place for key, value in streams.items() for place in reserve(file, key, value)]
        file["after"] = np.arange(6)
    fill(tmp_path / "a.h5", later)
    with h5py.File(tmp_path / "a.h5") as file:
        np.testing.assert_array_equal(file["spikes/0/A/B"][()], rows)
        assert file["none"].shape == (0, 2) and file["none"].dtype == np.int64
        assert (file["before"][()].tolist(), file["after"][()].tolist()) == ([*range(5)], [*range(6)])


def test_a_file_with_blocks_is_read_like_any_other(tmp_path):
    rows = np.arange(12, dtype=np.int64).reshape(-1, 2)
    streamed = Blocks(rows.shape, rows.dtype, [rows])
    write_h5(tmp_path / "a.h5", {"x": np.arange(3), "s/rows": streamed}, {"kind": "t"})
    arrays, attributes = read_h5(tmp_path / "a.h5")
    np.testing.assert_array_equal(arrays["s/rows"], rows)
    assert arrays["x"].tolist() == [0, 1, 2] and attributes["kind"] == "t"
