"""IDX files: what is written is read, and every damage is one line that names the file."""

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from colanet.datasets.idx import IMAGES, LABELS, idx_bytes, read_bytes, read_idx
from colanet.errors import DataError

PICTURES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def refused(path, magic=IMAGES):
    with pytest.raises(DataError) as caught:
        read_idx(path, magic)
    text = str(caught.value)
    assert str(path) in text
    assert "\n" not in text
    return text


@given(
    array=hnp.arrays(
        np.uint8, st.one_of(hnp.array_shapes(min_dims=1, max_dims=1), hnp.array_shapes(min_dims=3, max_dims=3))
    ),
    packed=st.booleans(),
)
def test_round_trip(tmp_path_factory, array, packed):
    path = tmp_path_factory.mktemp("idx") / "a"
    content = idx_bytes(array)
    path.write_bytes(gzip.compress(content) if packed else content)
    np.testing.assert_array_equal(read_idx(path, LABELS if array.ndim == 1 else IMAGES), array)


def test_header_is_big_endian():
    assert idx_bytes(PICTURES)[:16].hex() == "00000803" + "00000002" + "00000003" + "00000004"
    assert idx_bytes(np.array([7, 8], np.uint8)).hex() == "00000801" + "00000002" + "0708"


@pytest.mark.parametrize("wrong", [b"", b"\0\0", b"\0\0\x08\x01" + bytes(20), b"\x03\x08\0\0" + bytes(36)])
def test_wrong_magic(tmp_path, wrong):
    path = tmp_path / "a"
    path.write_bytes(wrong)
    assert "expected" in refused(path) or "magic" in refused(path)


@pytest.mark.parametrize("change", [lambda c: c[:-1], lambda c: c + b"\0", lambda c: c[:10]])
def test_wrong_length(tmp_path, change):
    path = tmp_path / "a"
    path.write_bytes(change(idx_bytes(PICTURES)))
    assert "bytes, expected" in refused(path)


def test_impossible_shape_does_not_overflow(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(bytes.fromhex("00000803" + "ffffffff" * 3) + bytes(8))
    assert str(16 + (2**32 - 1) ** 3) in refused(path)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((3547005201, 4294967040, 0), "images of 4294967040 x 0 pixels, expected at least one"),
        ((0, 4294967295, 4294967295), "takes 18446744065119617041 bytes"),
        ((2, 0, 28), "images of 0 x 28 pixels"),
    ],
)
def test_nothing_of_an_impossible_shape(tmp_path, shape, said):
    path = tmp_path / "a"
    path.write_bytes(IMAGES.to_bytes(4, "big") + b"".join(n.to_bytes(4, "big") for n in shape))
    assert said in refused(path)


def test_no_images_of_a_possible_shape(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(idx_bytes(np.zeros((0, 28, 28), np.uint8)))
    assert read_idx(path, IMAGES).shape == (0, 28, 28)


@pytest.mark.parametrize("cut", [12, -4])
def test_damaged_gzip(tmp_path, cut):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(idx_bytes(PICTURES))[:cut])
    assert "cannot be read" in refused(path)


def test_gzip_with_garbage_inside(tmp_path):
    path = tmp_path / "a.gz"
    content = bytearray(gzip.compress(idx_bytes(PICTURES) + bytes(range(256))))
    content[30:60] = bytes(30)
    path.write_bytes(content)
    assert "cannot be read" in refused(path)


def test_missing_file_and_folder(tmp_path):
    assert "no such file" in refused(tmp_path / "none")
    assert "cannot be read" in refused(tmp_path)


def test_packed_can_be_said(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"\x1f\x8b\x00")
    assert read_bytes(path, packed=False) == b"\x1f\x8b\x00"
    with pytest.raises(DataError, match="cannot be read"):
        read_bytes(path)
