"""Inputs that would block, never end or unpack without end are refused before anything is spent on them."""

import gzip
import io
import os
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from colanet import archives, reading
from colanet.datasets.idx import IMAGES, LABELS, idx_bytes, read_idx
from colanet.encoding.files import content_of
from colanet.errors import ColanetError, DataError
from colanet.storage import read_h5
from tests.flips import flipped

posix = pytest.mark.skipif(os.name != "posix", reason="pipes and devices are POSIX")
READERS = {
    "IDX": lambda path: read_idx(path, IMAGES),
    "text and raw": lambda path: content_of(Path(path), None),
    "archive": lambda path: archives.read_archive(path, ["weights"]),
    "state": read_h5,
}


def refused(read, *arguments):
    with pytest.raises(ColanetError) as caught:
        read(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@posix
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_pipes_devices_and_folders_are_refused_at_once(read, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, "/dev/zero", "/dev/full"):
        assert refused(read, path) == f"{path}: cannot be read (not a regular file)"
    assert "cannot be read (is a folder)" in refused(read, tmp_path)
    assert "no such file" in refused(read, tmp_path / "none")


def test_names_that_no_system_takes_are_refused(tmp_path):
    assert "cannot be read" in refused(reading.read_bytes, "a\0b")
    assert "cannot be read" in refused(reading.read_bytes, "x" * 5000)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_file_without_content_of_a_terabyte_is_refused(read, tmp_path):
    path = tmp_path / "sparse"
    with open(path, "wb") as file:
        try:
            file.truncate(1 << 40)
        except OSError:
            pytest.skip("no sparse files here")
    assert f"{1 << 40} bytes, expected at most {reading.LARGEST_FILE}" in refused(read, path)


# ----------------------------------------------------------------------------- gzip


def test_unpacking_stops_at_the_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "LARGEST_UNPACKED", 5000)
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(bytes(5000)))
    assert len(content_of(path, None)[0]) == 5000
    path.write_bytes(gzip.compress(bytes(5001)))
    assert "a.gz: more than 5000 bytes, unpacked" in refused(content_of, path, None)
    assert "standard input: more than 5000 bytes" in refused(content_of, None, io.BytesIO(bytes(5001)))
    assert content_of(None, io.BytesIO(bytes(5000)))[0] == bytes(5000)


def test_an_idx_file_is_unpacked_no_further_than_its_header_says(tmp_path):
    path = tmp_path / "a.gz"
    whole = idx_bytes(np.zeros((2, 3, 3), np.uint8))
    path.write_bytes(gzip.compress(whole + bytes(50_000_000)))
    tail = "more than 34 bytes, expected 34 for an array of (2, 3, 3)"
    assert refused(read_idx, path, IMAGES).endswith(tail)
    path.write_bytes(gzip.compress(bytes.fromhex("00000801" + "ffffffff")))
    assert f"takes {2**32 - 1 + 8} bytes, expected at most {reading.LARGEST_UNPACKED}" in refused(
        read_idx, path, LABELS
    )


def limited(code, *arguments):
    """Run Python with at most 2 GiB of memory; its last line."""

    def less():
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))

    words = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(words, preexec_fn=less, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
@posix
def test_small_files_never_become_gigabytes(tmp_path):
    """Nine megabytes of each: some seconds and some memory, then one line."""
    bomb = tmp_path / "bomb.gz"
    block = gzip.compress(bytes(64 << 20), 9)
    bomb.write_bytes(block * 140)  # 9 GiB
    archive = tmp_path / "bomb.npz"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file, file.open(
        "weights.npy", "w", force_zip64=True
    ) as member:
        np.lib.format.write_array_header_1_0(
            member, {"descr": "|u1", "fortran_order": False, "shape": (1 << 31,)}
        )
        for _ in range(1 << 5):
            member.write(bytes(64 << 20))
    code = """
import sys
from pathlib import Path
from colanet import archives, reading
from colanet.errors import DataError
for read in (lambda p: reading.read_bytes(p, True), lambda p: archives.read_archive(p, ["weights"])):
    try:
        read(sys.argv.pop())
    except DataError as error:
        print(str(error).rpartition("/")[2])
"""
    said = limited(code, archive, bomb).splitlines()
    assert said[0].startswith("bomb.gz: more than")
    assert "bomb.npz: cannot be read as an archive (more than" in said[1]


# ------------------------------------------------------------------------- archives


def members(path, **parts):
    """An archive with members of any bytes."""
    with zipfile.ZipFile(path, "w") as file:
        for name, content in parts.items():
            file.writestr(f"{name}.npy", content)
    return path


def npy(array, **options):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(array), **options)
    return file.getvalue()


def header(text, version=b"\x01\x00"):
    """The beginning of an .npy file with any text as its header."""
    length = len(text).to_bytes(2 if version == b"\x01\x00" else 4, "little")
    return b"\x93NUMPY" + version + length + text.encode()


HUGE = "{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776, 1024), }"
DAMAGED = {
    "objects": npy(np.array([{}, []], dtype=object), allow_pickle=True),
    "dates": npy(np.zeros(3, "M8[s]")),
    "text": npy(np.array(["a", "b"])),
    "records": npy(np.zeros(3, [("x", "i4")])),
    "complex": npy(np.zeros(3, complex)),
    "cut": npy(np.zeros((3, 3)))[:-8],
    "longer": npy(np.zeros((3, 3))) + bytes(8),
    "huge shape": header(HUGE) + bytes(100),
    "negative shape": header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -1), }") + bytes(8),
    "shape of no numbers": header("{'descr': '<f8', 'fortran_order': False, 'shape': ('a',), }"),
    "nested header": header("(" * 3000 + ")" * 3000),
    "long header": header(" " * 60_000 + HUGE),
    "longer header": header(" " * 3_000_000 + HUGE, b"\x02\x00"),
    "no header": b"\x93NUMPY\x01\x00\xff\xff",
    "version 3": header(HUGE, b"\x03\x00"),
    "version 9": header(HUGE, b"\x09\x00"),
    "no array": b"hello",
    "empty": b"",
    "program": header("__import__('os').abort()"),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_arrays_of_any_other_kind_are_refused(what, tmp_path):
    path = members(tmp_path / "a.npz", weights=DAMAGED[what], columns=npy(np.arange(3)))
    assert "a.npz: cannot be read as an archive (" in refused(
        archives.read_archive, path, ["weights", "columns"]
    )


def test_arrays_of_numbers_are_read_as_numpy_reads_them(tmp_path):
    rng = np.random.default_rng(3)
    arrays = {
        "plain": rng.random((3, 4)), "by columns": np.asfortranarray(rng.integers(0, 9, (3, 4))),
        "big end first": rng.integers(0, 999, (2, 3)).astype(">i4"), "none": np.zeros((0, 5), np.float32),
        "one": np.float64(0.5), "truth": np.array([True, False]),
    }  # fmt: skip
    for write in (np.savez, np.savez_compressed):
        write(tmp_path / "a.npz", **arrays)
        for name, found in zip(arrays, archives.read_archive(tmp_path / "a.npz", list(arrays)), strict=True):
            np.testing.assert_array_equal(found, arrays[name])
            assert found.shape == np.shape(arrays[name])
            assert found.dtype.isnative
            assert found.flags.writeable


def test_an_archive_without_an_array_or_with_it_twice_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", columns=np.arange(3))
    assert "0 arrays are called weights" in refused(archives.read_archive, tmp_path / "a.npz", ["weights"])
    with pytest.warns(UserWarning, match="columns"), zipfile.ZipFile(tmp_path / "a.npz", "a") as file:
        file.writestr("columns.npy", npy(np.arange(9)))
    assert "2 arrays are called columns" in refused(archives.read_archive, tmp_path / "a.npz", ["columns"])
    np.save(tmp_path / "a.npy", np.arange(3))
    assert "cannot be read as an archive" in refused(archives.read_archive, tmp_path / "a.npy", ["weights"])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("new", "old"), [(b"'|S3'", b"'|a3'"), (b"(2,), } ", b"(2L,), }")])
def test_an_old_header_is_nothing_to_warn_of(tmp_path, new, old):
    content = npy(np.zeros(2, "S3")).replace(new, old)
    assert old in content
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        file.writestr("weights.npy", content)
    said = refused(archives.read_archive, tmp_path / "a.npz", ["weights"])
    assert "cannot be read as an archive" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_a_flipped_bit_of_an_archive_is_noticed_or_changes_nothing(write, tmp_path):
    rng = np.random.default_rng(5)
    arrays = {"weights": rng.random((7, 5)), "columns": np.arange(5)}
    path = tmp_path / "a.npz"
    write(path, **arrays)
    noticed = 0
    for damaged in flipped(path.read_bytes()):
        path.write_bytes(damaged)
        try:
            found = archives.read_archive(path, list(arrays))
        except DataError as error:
            assert "\n" not in str(error)
            noticed += 1
            continue
        for one, name in zip(found, arrays, strict=True):
            np.testing.assert_array_equal(one, arrays[name])
            assert one.dtype == arrays[name].dtype
    assert noticed > 100
