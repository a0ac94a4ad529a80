"""Data sets by name: the real MNIST, where things are looked for, and damaged or mistaken files."""

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from colanet import datasets
from colanet.datasets import letters, mistaken, registry, stored
from colanet.datasets.emnist_letters import EMNIST
from colanet.datasets.fashion_mnist import FASHION
from colanet.datasets.idx import idx_bytes
from colanet.datasets.mnist import MNIST
from colanet.errors import DataError, DataWarning

pytestmark = pytest.mark.usefixtures("alone")

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"
needs_letters = pytest.mark.skipif(
    not (SHARED / letters.ARCHIVE).exists(), reason="the EMNIST letters are not on this machine (../shared/data)"
)

PACKED = {
    "train-images-idx3-ubyte.gz": "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971",
    "train-labels-idx1-ubyte.gz": "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203",
    "t10k-images-idx3-ubyte.gz": "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be",
    "t10k-labels-idx1-ubyte.gz": "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b",
}
UNPACKED = {
    "train-images-idx3-ubyte.gz": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte.gz": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte.gz": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte.gz": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def refused(name, folder=None, *words):
    with pytest.raises(DataError) as caught:
        datasets.load(name, folder)
    text = str(caught.value)
    assert "\n" not in text
    for word in words:
        assert word in text


def store(folder, entry, train, test, packed=True):
    """Write four IDX files of (images, labels) pairs."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, array in zip(entry.files, [*train, *test], strict=True):
        content = idx_bytes(array)
        (folder / (file + ".gz" * packed)).write_bytes(gzip.compress(content) if packed else content)


def part(n, first=0, classes=10):
    return np.full((n, 4, 5), 9, np.uint8), ((np.arange(n) + first) % classes).astype(np.uint8)


# ------------------------------------------------------------------------ MNIST


@pytest.mark.parametrize("file", PACKED)
def test_packaged_files_are_the_known_ones(file):
    content = (stored.PACKAGED / "mnist" / file).read_bytes()
    assert hashlib.sha256(content).hexdigest() == PACKED[file]
    assert hashlib.sha256(gzip.decompress(content)).hexdigest() == UNPACKED[file]


def test_mnist():
    data = datasets.load("mnist")
    assert data.train_images.shape == (60000, 28, 28)
    assert data.test_images.shape == (10000, 28, 28)
    assert data.train_images.dtype == data.train_labels.dtype == np.uint8
    assert np.bincount(data.train_labels).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert np.bincount(data.test_labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert data.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert data.classes == tuple("0123456789")
    assert "CC BY-SA" in data.licence


def test_second_load_is_free_and_arrays_are_read_only():
    data = datasets.load("mnist")
    assert datasets.load("mnist") is data
    assert not data.train_images.flags.writeable
    assert not data.test_labels.flags.writeable


def test_licence_note_ships():
    note = (stored.PACKAGED / "mnist" / "README.md").read_text()
    assert "LeCun" in note
    assert "Cortes" in note
    assert "CC BY-SA 3.0" in note


# ------------------------------------------------------------------ search order


@pytest.mark.parametrize("inside", ["", "mnist"])
@pytest.mark.parametrize("packed", [True, False])
def test_given_folder_comes_first(tmp_path, inside, packed):
    store(tmp_path / inside, MNIST, part(6), part(3), packed)
    assert len(datasets.load("mnist", tmp_path).train_images) == 6


def test_environment(tmp_path, monkeypatch):
    store(tmp_path, MNIST, part(6), part(3))
    monkeypatch.setenv("COLANET_DATA", str(tmp_path))
    assert len(datasets.load("mnist").train_images) == 6
    assert len(datasets.load("mnist", stored.PACKAGED).train_images) == 60000


def test_a_folder_without_any_set_is_refused_and_says_what_was_looked_for(tmp_path, monkeypatch):
    refused("mnist", tmp_path, f"{tmp_path}: holds no mnist", "train-images-idx3-ubyte", str(tmp_path / "mnist"))
    (tmp_path / "mnist_train.csv").write_text("label,1x1\n")
    refused("mnist", tmp_path, "holds no mnist")
    monkeypatch.setenv("COLANET_DATA", str(tmp_path))
    refused("mnist", None, f"COLANET_DATA={tmp_path}: holds no mnist")
    refused("emnist-letters", None, "emnist-letters-train-images-idx3-ubyte")


def test_a_folder_of_another_set_warns_and_the_set_is_taken_from_elsewhere(tmp_path):
    letters_of = np.full((26, 4, 5), 9, np.uint8), (np.arange(26) + 1).astype(np.uint8)
    store(tmp_path, EMNIST, letters_of, letters_of)
    found = "holds emnist-letters or emnist-letters-all, not mnist; mnist is taken from elsewhere"
    with pytest.warns(DataWarning, match=found):
        data = datasets.load("mnist", tmp_path)
    assert len(data.train_images) == 60000


@pytest.mark.parametrize(
    "rename",
    [
        lambda name: name.replace("-idx", ".idx"),  # 7-Zip, WinZip, Kaggle
        lambda name: name.replace("-idx", ".idx") + ".gz",
        lambda name: f"{name}/{name}",  # Kaggle's folders
        lambda name: f"{name.replace('-idx', '.idx')}/{name}",
        lambda name: name.upper(),
        lambda name: name.upper() + ".GZ",
        lambda name: f"{name}.{name.split('-')[-2]}-ubyte",
        lambda name: name.replace("-idx3-ubyte", ".idx").replace("-idx1-ubyte", ".idx"),
        lambda name: name.replace("-", "_"),
    ],
    ids=lambda rename: rename("train-images-idx3-ubyte"),
)
@pytest.mark.parametrize(("name", "entry"), [("mnist", MNIST), ("emnist-letters", EMNIST)])
def test_files_under_other_usual_names_are_read(tmp_path, name, entry, rename):
    labels = (np.arange(26) + 1).astype(np.uint8) if entry is EMNIST else part(6)[1]
    images = np.full((len(labels), 4, 5), 9, np.uint8)
    for file, array in zip(entry.files, (images, labels, images, labels), strict=True):
        path = tmp_path / rename(file)
        path.parent.mkdir(exist_ok=True)
        content = idx_bytes(array)
        path.write_bytes(gzip.compress(content) if path.suffix.lower() == ".gz" else content)
    data = datasets.load(name, tmp_path)
    assert len(data.train_images) == (10 if entry is EMNIST else 6)
    assert data.source.startswith(str(tmp_path))


@pytest.mark.parametrize("other", ["emnist-mnist-train-images-idx3-ubyte", "._train-images-idx3-ubyte"])
def test_names_of_other_things_are_not_taken(tmp_path, other):
    store(tmp_path, MNIST, part(6), part(3), packed=False)
    (tmp_path / MNIST.files[0]).rename(tmp_path / other)
    refused("mnist", tmp_path, "but not train-images-idx3-ubyte")


def test_the_official_name_goes_first(tmp_path):
    store(tmp_path, MNIST, part(6), part(3))
    (tmp_path / "train-images.idx3-ubyte").write_bytes(b"something else")
    assert len(datasets.load("mnist", tmp_path).train_images) == 6


def test_the_digest_is_that_of_the_unpacked_files_joined(tmp_path):
    expected = hashlib.sha256()
    for array in (*part(6), *part(3, 4)):
        expected.update(idx_bytes(array))
    for number, packed in enumerate((True, False)):
        store(tmp_path / str(number), MNIST, part(6), part(3, 4), packed)
        assert datasets.load("mnist", tmp_path / str(number)).digest == expected.hexdigest()
    store(tmp_path / "other", MNIST, part(6), part(3, 5))
    assert datasets.load("mnist", tmp_path / "other").digest != expected.hexdigest()


def test_cache(tmp_path):
    store(tmp_path / "cache" / "fashion-mnist", FASHION, part(4), part(2))
    assert datasets.load("fashion-mnist").classes[9] == "Ankle boot"


def test_download_is_checked_and_goes_on_where_it_was_broken_off(tmp_path, monkeypatch):
    calls = []

    def retrieve(url, known, name, place):
        calls.append((url, known))
        store(Path(place), FASHION, part(4), part(2))
        return Path(place) / name

    place = tmp_path / "cache" / "fashion-mnist"
    place.mkdir(parents=True)
    (place / "train-images-idx3-ubyte.gz").write_bytes(b"")
    monkeypatch.setattr("pooch.retrieve", retrieve)
    assert len(datasets.load("fashion-mnist").train_images) == 4
    assert all(known.startswith("sha256:") and len(known) == 71 for _, known in calls)
    assert len(calls) == 4


def test_archive_is_reduced_to_its_four_files(tmp_path, monkeypatch):
    def retrieve(url, known, name, place, processor):
        inside = Path(place) / "archive.zip.unzip" / "gzip"
        store(inside, EMNIST, part(26, 1, 26), part(26, 1, 26))
        for path in inside.iterdir():
            labels = "labels" in path.name
            if labels:
                path.write_bytes(gzip.compress(idx_bytes((np.arange(26) + 1).astype(np.uint8))))
        (Path(place) / name).write_bytes(b"")
        return [str(path) for path in inside.iterdir()]

    monkeypatch.setattr("pooch.retrieve", retrieve)
    assert len(datasets.load("emnist-letters").train_images) == 10
    kept = sorted(path.name for path in (tmp_path / "cache" / "emnist-letters").iterdir() if path.is_file())
    assert kept == sorted(f"{file}.gz" for file in EMNIST.files)
    registry._load.cache_clear()
    monkeypatch.undo()


@pytest.mark.parametrize("name", ["fashion-mnist", "emnist-letters"])
def test_failed_download_says_what_to_do(name):
    refused(name, None, name, "ConnectionError: no network", "COLANET_DATA")


# ------------------------------------------------------------------- bad content


def test_unknown_name_and_folder(tmp_path):
    refused("cifar", None, "cifar", "mnist, fashion-mnist, emnist-letters")
    refused("mnist", tmp_path / "none", "none", "no such folder")


def test_incomplete(tmp_path):
    store(tmp_path, MNIST, part(6), part(3))
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    refused("mnist", tmp_path, str(tmp_path), "t10k-labels-idx1-ubyte")


def test_counts_disagree(tmp_path):
    store(tmp_path, MNIST, part(6), (part(3)[0], part(2)[1]))
    refused("mnist", tmp_path, "t10k-labels", "2 labels for 3 images")


def test_label_out_of_range(tmp_path):
    store(tmp_path, MNIST, (part(3)[0], np.array([0, 10, 1], np.uint8)), part(3))
    refused("mnist", tmp_path, "train-labels", "label 10 of image 1", "0..9")


def test_parts_of_different_shape(tmp_path):
    store(tmp_path, MNIST, part(3), (np.zeros((3, 5, 5), np.uint8), part(3)[1]))
    refused("mnist", tmp_path, "t10k-images", "(5, 5)", "(4, 5)")


def test_empty(tmp_path):
    store(tmp_path, MNIST, part(0), part(3))
    refused("mnist", tmp_path, "train-images", "(0, 4, 5)")


def like_fashion(part_number, *, shuffled=False):
    """Images of the mean, and labels of the beginning and balance, that Fashion-MNIST has."""
    n, mean = ((60_000, 72.94), (10_000, 73.15))[part_number]
    beginning = ([9, 0, 0, 3, 0, 2, 7, 2, 5, 5], [9, 2, 1, 1, 6, 1, 4, 6, 5, 7])[part_number]
    left = np.full(10, n // 10) - np.bincount(beginning, minlength=10)
    labels = np.concatenate([beginning, np.repeat(np.arange(10), left)]).astype(np.uint8)
    images = np.zeros((n, 28, 28), np.uint8)
    images[:, :14] = round(mean * 2)
    return images, labels[::-1] if shuffled else labels


def test_mnist_is_not_fashion():
    refused("fashion-mnist", stored.PACKAGED / "mnist", "train-images", "holds mnist")


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("wrong", range(4))
def test_each_of_the_four_files_is_told_from_that_of_fashion(tmp_path, wrong, packed):
    arrays = [np.zeros((60_000, 28, 28), np.uint8), np.zeros(60_000, np.uint8),
              np.zeros((10_000, 28, 28), np.uint8), np.zeros(10_000, np.uint8)]  # fmt: skip
    arrays[wrong] = like_fashion(wrong // 2)[wrong % 2]
    store(tmp_path, MNIST, arrays[:2], arrays[2:], packed)
    refused("mnist", tmp_path, MNIST.files[wrong], "holds fashion-mnist, not mnist")
    registry._load.cache_clear()
    assert datasets.load("fashion-mnist", tmp_path).name == "fashion-mnist"


@pytest.mark.parametrize("wrong", range(4))
def test_each_of_the_four_files_is_told_from_that_of_mnist(tmp_path, wrong):
    data = datasets.load("mnist")
    real = [data.train_images, data.train_labels, data.test_images, data.test_labels]
    arrays = [*like_fashion(0), *like_fashion(1)]
    arrays[wrong] = real[wrong]
    store(tmp_path, FASHION, arrays[:2], arrays[2:], packed=False)
    refused("fashion-mnist", tmp_path, FASHION.files[wrong], "holds mnist, not fashion-mnist")


def test_cut_or_changed_sets_are_nobodys(tmp_path):
    images, labels = like_fashion(0, shuffled=True)
    store(tmp_path, MNIST, (images[:100], labels[:100]), part(3))
    refused("mnist", tmp_path, "expected (28, 28)")
    assert mistaken.recognise(images[:100]) is None
    assert mistaken.recognise(labels) is None


# ----------------------------------------------------------------------- letters


def test_official_letters_become_upright(tmp_path):
    images = np.zeros((27, 3, 3), np.uint8)
    images[:, 0, 2] = np.arange(27)
    labels = np.concatenate([np.arange(1, 27), [10]]).astype(np.uint8)
    store(tmp_path, EMNIST, (images, labels), (images, labels))
    data = datasets.load("emnist-letters", tmp_path)
    assert data.train_labels.tolist() == [*range(10), 9]
    assert data.train_images[:, 2, 0].tolist() == [*range(10), 26]
    assert not data.train_images[:, 0, 2].any()


@pytest.mark.parametrize("wrong", [0, 27])
def test_official_label_out_of_range(tmp_path, wrong):
    labels = np.array([1, wrong, 3], np.uint8)
    store(tmp_path, EMNIST, (part(3)[0], labels), (part(3)[0], labels))
    refused("emnist-letters", tmp_path, "emnist-letters-train-labels", "expected 1..26")


@needs_letters
def test_division_of_the_letters():
    data = datasets.load("emnist-letters", SHARED)
    assert data.train_images.shape == (6400, 28, 28)
    assert data.test_images.shape == (1600, 28, 28)
    assert np.bincount(data.train_labels).tolist() == [640] * 10
    assert np.bincount(data.test_labels).tolist() == [160] * 10
    parts = [{image.tobytes() for image in images} for images in (data.train_images, data.test_images)]
    assert len(parts[0] & parts[1]) < 5  # only images that are twice in the source
    # The division is part of published numbers: it must never change.
    assert hashlib.sha256(data.train_labels.tobytes()).hexdigest()[:16] == "2801e6c8412838d7"
    assert hashlib.sha256(data.test_images.tobytes()).hexdigest()[:16] == "b5f6169c758222d5"


def archive(folder, **arrays):
    np.savez(folder / letters.ARCHIVE, **arrays)


def test_bad_archives(tmp_path):
    images, labels = np.zeros((8000, 2, 2), np.uint8), np.repeat(np.arange(10, dtype=np.uint8), 800)
    archive(tmp_path, images=images)
    refused("emnist-letters", tmp_path, letters.ARCHIVE, "labels")
    archive(tmp_path, images=images[:, 0], labels=labels)
    refused("emnist-letters", tmp_path, letters.ARCHIVE, "expected uint8")
    archive(tmp_path, images=images, labels=labels[:-1])
    refused("emnist-letters", tmp_path, letters.ARCHIVE, "(7999,)")
    archive(tmp_path, images=images, labels=np.where(labels == 9, 8, labels).astype(np.uint8))
    refused("emnist-letters", tmp_path, letters.ARCHIVE, "0 images of J")
    content = (tmp_path / letters.ARCHIVE).read_bytes()
    (tmp_path / letters.ARCHIVE).write_bytes(content[:-200])
    refused("emnist-letters", tmp_path, letters.ARCHIVE)
    (tmp_path / letters.ARCHIVE).write_bytes(b"no archive")
    refused("emnist-letters", tmp_path, letters.ARCHIVE)


def test_letters_are_not_in_the_project():
    assert not list(stored.PACKAGED.rglob("*letters*"))
