"""Images that stay in their file: the same bits as those that are read at once, and only some of them in memory."""

import contextlib
import gc
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


def test_features_of_more_images_than_memory_holds_are_refused_before_the_file_is_read(tmp_path, monkeypatch):
    (tmp_path / "d").write_bytes(bytes(300 * 64))
    one = described(shape=(8, 8, 1), offset=0, features={"prototypes": 4, "patches": 200})
    monkeypatch.setattr(stored, "STORED", 1)
    monkeypatch.setattr(stored.StoredImages, "digest", None)
    told = r"^input R: features hold all 300 images at once, 18\.75 KiB, and 10\.74 KiB are free \(COLANET_MEMORY"
    monkeypatch.setenv("COLANET_MEMORY", "11000")
    with pytest.raises(DataError, match=told):
        build_sources((one,), base_dir=tmp_path)
    monkeypatch.delenv("COLANET_MEMORY")
    monkeypatch.setattr("colanet.encoding.stored.memory.available", lambda: None)
    monkeypatch.setattr("colanet.encoding.stored.LARGEST_FILE", 11_000)
    with pytest.raises(DataError, match=r"^input R: .*, 18\.75 KiB, expected at most 10\.74 KiB$"):
        build_sources((one,), base_dir=tmp_path)


def test_features_of_some_images_of_a_file_need_only_these(tmp_path, monkeypatch):
    (tmp_path / "d").write_bytes(np.random.default_rng(0).integers(0, 256, 300 * 64, dtype=np.uint8).tobytes())
    one = described(shape=(8, 8, 1), offset=0, features={"prototypes": 4, "patches": 200})
    monkeypatch.setattr(stored, "STORED", 1)
    monkeypatch.setenv("COLANET_MEMORY", "11000")
    assert build_sources((one,), base_dir=tmp_path, n_train=20, n_test=0).data[0].sha256


class Broken:
    """A file on a disk that can no longer be read."""

    def __init__(self, file):
        self.file = file

    def __getattr__(self, name):
        return getattr(self.file, name)

    def read(self, size):
        raise OSError(5, "Input/output error")

    readinto = seek = read


@pytest.mark.parametrize("late", [False, True])
def test_a_disk_that_fails_is_one_line(tmp_path, images, monkeypatch, late):
    opened = stored.open_regular
    monkeypatch.setattr(stored, "STORED", 1)
    if late:
        source = source_of(tmp_path).sources[0]
        kept = source.parts[0].images
        kept._file = Broken(kept._file)
    else:
        monkeypatch.setattr(stored, "open_regular", lambda *told: Broken(opened(*told)))
    with pytest.raises(DataError, match=r"d: cannot be read \(Input/output error\)$"):
        source.spikes(0, 10) if late else source_of(tmp_path)


@pytest.mark.parametrize("length", [OFFSET + IMAGES * NODES, OFFSET + 1])
def test_the_file_is_closed_when_nobody_needs_it(tmp_path, images, monkeypatch, length):
    os.truncate(tmp_path / "d", length)
    opened, files_open = stored.open_regular, []
    monkeypatch.setattr(stored, "STORED", 1)
    monkeypatch.setattr(stored, "open_regular", lambda *told: files_open.append(opened(*told)) or files_open[-1])
    with contextlib.suppress(DataError):
        assert source_of(tmp_path).data
    gc.collect()
    assert [file.closed for file in files_open] == [True]


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


def test_sums_are_made_of_few_images_at_a_time(monkeypatch):
    values = np.random.default_rng(2).integers(0, 1000, (40 * CHECKPOINT, 3))

    class Counted:
        shape, dtype, most = values.shape, values.dtype, 0

        def rows(self, order):
            self.most = max(self.most, len(order))
            return values[order]

    monkeypatch.setattr("colanet.encoding.coding.MOST_SUMS", 4)
    once, made = Schedule(2, 2, len(values)), Counted()
    thin = Integrating(made, once, 1000)
    for start in (2 * len(values) - 9, 5000, 12_345):
        found, expected = thin.spikes(start, start + 9), Integrating(values, once, 1000).spikes(start, start + 9)
        assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    assert thin._every > CHECKPOINT
    assert made.most <= CHECKPOINT
