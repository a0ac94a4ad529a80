"""Images that stay in their file: the same bits as those that are read at once, and only some of them in memory."""

import hashlib
import os

import numpy as np
import pytest

from colanet import Session
from colanet.config.model import ImageInput, Network
from colanet.encoding import build_sources, files, stored
from colanet.encoding.coding import CHECKPOINT, Integrating, Schedule
from colanet.encoding.selection import Selection
from colanet.errors import DataError

CODINGS = ("poisson", "integrate", "regular")
NODES, IMAGES, OFFSET = 12, 40, 16


@pytest.fixture
def images(tmp_path):
    """Drawn images in a file, behind some bytes."""
    values = np.random.default_rng(1).integers(0, 256, (IMAGES, NODES), dtype=np.uint8)
    (tmp_path / "d").write_bytes(bytes(OFFSET) + values.tobytes())
    return values


def described(**more):
    told = {"name": "R", "source": "d", "shape": (NODES, 1, 1), "offset": OFFSET, "period": 5, "presentation": 3}
    return ImageInput(**told | more)


def source_of(tmp_path, **more):
    return build_sources((described(**more),), base_dir=tmp_path, seed=3)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("mode", ["once", "repetitive", "endless"])
def test_spikes_are_those_of_images_in_memory(tmp_path, images, monkeypatch, coding, mode):
    held = source_of(tmp_path, coding=coding, mode=mode)
    monkeypatch.setattr(stored, "STORED", 1)
    large = source_of(tmp_path, coding=coding, mode=mode)
    assert isinstance(large.sources[0].parts[0].images, stored.StoredImages)
    assert isinstance(held.sources[0].parts[0].images, np.ndarray)
    assert large.data == held.data
    assert large.data[0].sha256 == hashlib.sha256((tmp_path / "d").read_bytes()).hexdigest()
    for start, stop in ((0, 7), (7, 203), (190, 230), (3, 4)):
        for one, other in zip(
            large.sources[0].spikes(start, stop), held.sources[0].spikes(start, stop), strict=True
        ):
            assert np.array_equal(one, other)


def network():
    target = {"name": "T", "kind": "object_target", "size": 3, "target_file": "labels", "learning_time": 125}
    image = described().model_dump(exclude_unset=True) | {"kind": "image"}
    return Network.model_validate(
        {
            "copies": 2,
            "inputs": [image, target | {"period": 5, "label_step": 3}],
            "populations": [{"name": "L", "size": 6, "columns": 3, "w_max": 9, "hebbian_rate": -0.1}],
            "projections": [
                {"source": "R", "target": "L", "kind": "plastic", "initial_resource": {"uniform": [1, 9]}},
                {"source": "T", "target": "L", "kind": "reward", "connection": "one_to_one", "weight": 0.2},
            ],
            "readout": {"kind": "object", "population": "L"},
        }
    )


@pytest.mark.parametrize("cut", [{}, {"train": 10, "test": 5}, {"train": 0}, {"test": 0}], ids=str)
def test_runs_are_those_of_images_in_memory(tmp_path, images, monkeypatch, cut):
    (tmp_path / "labels").write_text("".join(f"{n % 3}\n" for n in range(IMAGES)))
    told = {"base_dir": tmp_path, "engine": "numba", "chunk_steps": 17, **cut}
    held = Session(network(), **told)
    expected = held.run()
    monkeypatch.setattr(stored, "STORED", 1)
    large = Session(network(), **told)
    found = large.run()
    assert found.digest == expected.digest
    assert (large.answers() == held.answers()).all()
    assert found.data == expected.data


def test_features_need_the_images_themselves(tmp_path, monkeypatch):
    (tmp_path / "d").write_bytes(np.random.default_rng(0).integers(0, 256, 30 * 64, dtype=np.uint8).tobytes())
    one = described(shape=(8, 8, 1), offset=0, features={"prototypes": 4, "patches": 200})
    held = build_sources((one,), base_dir=tmp_path).sources[0].spikes(0, 40)
    monkeypatch.setattr(stored, "STORED", 1)
    large = build_sources((one,), base_dir=tmp_path).sources[0].spikes(0, 40)
    assert all(np.array_equal(a, b) for a, b in zip(held, large, strict=True))


@pytest.mark.parametrize("change", ["grown", "cut", "touched"])
def test_a_file_that_changes_is_one_line(tmp_path, images, monkeypatch, change):
    monkeypatch.setattr(stored, "STORED", 1)
    source = source_of(tmp_path).sources[0]
    source.spikes(0, 10)
    path = tmp_path / "d"
    if change == "grown":
        with open(path, "ab") as file:
            file.write(b"x")
    elif change == "cut":
        os.truncate(path, OFFSET + 100)
    os.utime(path, (1, 1))
    with pytest.raises(DataError, match=r"d: was changed while it is shown$"):
        source.spikes(100, 110)


@pytest.mark.parametrize("content", [b"", b"x" * OFFSET, b"x" * (OFFSET + NODES + 1)], ids=len)
def test_a_large_file_of_another_length_is_refused_as_a_small_one(tmp_path, monkeypatch, content):
    (tmp_path / "d").write_bytes(content)
    with pytest.raises(DataError) as small:
        source_of(tmp_path)
    monkeypatch.setattr(stored, "STORED", 0)
    with pytest.raises(DataError) as large:
        source_of(tmp_path)
    assert str(large.value) == str(small.value)


def test_packed_files_and_small_ones_are_read_at_once(tmp_path, images):
    assert not stored.is_large(tmp_path / "d")
    (tmp_path / "d.gz").write_bytes(b"")
    os.truncate(tmp_path / "d.gz", stored.STORED)
    assert not stored.is_large(tmp_path / "d.gz")
    os.truncate(tmp_path / "d", stored.STORED)
    assert stored.is_large(tmp_path / "d")


def test_images_shown_are_the_first_of_each_part():
    data = np.arange(10)
    for train, test, first in ((3, 2, 6), (6, 4, 6), (0, 3, 6), (2, 0, 6), (10, 0, 10)):
        shown = Selection(train, test, first)
        expected = [*range(train), *range(first, first + test)]
        assert shown.of(data).tolist() == expected
        assert shown.rows(np.arange(shown.count)).tolist() == expected


# ------------------------------------------------------------------ labels, sums


def test_labels_are_taken_apart_in_parts(monkeypatch):
    text = "".join(f"{n % 7}\n" for n in range(1000)).encode()
    whole = files.label_lines(text, "l", range(7), None)
    assert whole.dtype == np.int8
    assert whole.tolist() == [n % 7 for n in range(1000)]
    for some in (1, 2, 3, 50):
        monkeypatch.setattr(files, "SOME", some)
        assert files.label_lines(text, "l", range(7), None).tolist() == whole.tolist()
        with pytest.raises(DataError, match=r"l:1001: label 9, expected 0\.\.6"):
            files.label_lines(text + b"9\n", "l", range(7), None)


@pytest.mark.parametrize(("classes", "size"), [(1, 1), (128, 1), (129, 2), (40_000, 4)])
def test_labels_are_of_the_smallest_type(classes, size):
    content = f"{classes - 1}\n-\n".encode()
    labels = files.label_lines(content, "l", range(classes), "-")
    assert labels.tolist() == [classes - 1, -1]
    assert labels.itemsize == size


def test_sums_of_very_many_images_are_thinned_out(monkeypatch):
    values = np.random.default_rng(2).integers(0, 1000, (40 * CHECKPOINT, 3))
    once = Schedule(2, 2, len(values))
    steps = 2 * len(values)
    starts = (0, 5000, steps - 9, 301, 5001, steps - 2000, 12_345)
    every = Integrating(values, once, 1000)
    expected = [every.spikes(start, start + 9) for start in starts]
    assert len(every._sums) == 40
    monkeypatch.setattr("colanet.encoding.coding.MOST_SUMS", 4)
    thin = Integrating(values, once, 1000)
    for start, (ptr, index) in zip(starts, expected, strict=True):
        found = thin.spikes(start, start + 9)
        assert np.array_equal(found[0], ptr)
        assert np.array_equal(found[1], index)
    assert len(thin._sums) <= 5
