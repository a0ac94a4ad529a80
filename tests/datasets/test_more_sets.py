"""EMNIST of official files, KMNIST and the digits of scikit-learn: from small files of the same forms."""

import gzip
import string

import numpy as np
import pytest

from colanet import datasets
from colanet.config.model import ImageInput, TargetInput
from colanet.datasets import mistaken, stored
from colanet.datasets.emnist import BALANCED, LETTERS
from colanet.datasets.idx import idx_bytes
from colanet.datasets.kmnist import KMNIST
from colanet.encoding import build_sources
from colanet.errors import DataError

pytestmark = pytest.mark.usefixtures("alone")


def letters_like(first, classes, n):
    """Images that are told from their transposed ones, each class another, and labels as in the official files."""
    labels = (np.arange(n) % classes + first).astype(np.uint8)
    images = np.zeros((n, 4, 4), np.uint8)
    images[:, 0, 3], images[:, 1, 0] = labels + 100, 7
    return images, labels


def store_idx(folder, entry, train, test):
    folder.mkdir(parents=True, exist_ok=True)
    for file, array in zip(entry.files, (*train, *test), strict=True):
        (folder / f"{file}.gz").write_bytes(gzip.compress(idx_bytes(array)))


def store_mat(path, train, test):
    """A file as EMNIST's of Matlab: images in rows, by columns."""
    io = pytest.importorskip("scipy.io", reason='pip install "colanet[mat]" brings SciPy')
    parts = {
        name: {"images": images.reshape(len(images), -1), "labels": labels[:, None], "writers": labels[:, None]}
        for name, (images, labels) in (("train", train), ("test", test))
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    io.savemat(path, {"dataset": parts | {"mapping": np.zeros((2, 2))}}, do_compression=True)


def refused(name, folder, *words):
    with pytest.raises(DataError) as caught:
        datasets.load(name, folder)
    text = str(caught.value)
    assert "\n" not in text
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    ("name", "entry", "first", "official", "kept"),
    [
        ("emnist-letters-all", LETTERS, 1, 26, 26),
        ("emnist-letters", LETTERS, 1, 26, 10),
        ("emnist-balanced", BALANCED, 0, 47, 47),
    ],
)
def test_both_forms_of_emnist_are_the_same_upright_images(tmp_path, name, entry, first, official, kept):
    train, test = letters_like(first, official, 2 * official), letters_like(first, official, official)
    store_idx(tmp_path / "idx", entry, train, test)
    store_mat(tmp_path / "mat" / "matlab" / entry.others[0], train, test)
    one, other = datasets.load(name, tmp_path / "idx"), datasets.load(name, tmp_path / "mat")
    assert one.digest == other.digest
    assert one.source != other.source
    assert len(one.classes) == kept
    assert one.train_images.shape == (2 * kept, 4, 4)
    assert one.test_labels.tolist() == list(range(kept))
    for image, label in zip(one.train_images, one.train_labels, strict=True):
        assert (image[3, 0], image[0, 1], np.count_nonzero(image)) == (label + first + 100, 7, 2)


def test_classes_of_emnist():
    """arXiv 1702.05373: 47 balanced classes, letters that look alike in both cases are one."""
    assert LETTERS.classes == tuple(string.ascii_uppercase)
    assert BALANCED.classes[10] == "A"
    assert BALANCED.classes[36:] == tuple("abdefghnqrt")
    assert len(set(BALANCED.classes)) == 47


def test_all_letters_are_found_where_the_ten_are(tmp_path):
    part = letters_like(1, 26, 26)
    store_idx(tmp_path / "emnist-letters", LETTERS, part, part)
    assert len(datasets.load("emnist-letters-all", tmp_path).classes) == 26
    store_idx(tmp_path / "cache" / "emnist-letters", LETTERS, part, part)
    assert datasets.load("emnist-letters-all").source == str(tmp_path / "cache" / "emnist-letters")


def test_labels_beyond_the_classes(tmp_path):
    part = letters_like(0, 48, 48)
    store_idx(tmp_path / "b", BALANCED, part, part)
    refused("emnist-balanced", tmp_path / "b", "emnist-balanced-train-labels", "labels 0..47, expected 0..46")
    store_mat(tmp_path / "m" / "emnist-letters.mat", letters_like(0, 26, 26), letters_like(1, 26, 26))
    refused("emnist-letters-all", tmp_path / "m", "emnist-letters.mat: labels 0..25, expected 1..26")


def test_bad_files_of_matlab(tmp_path):
    io = pytest.importorskip("scipy.io", reason='pip install "colanet[mat]" brings SciPy')
    path = tmp_path / "emnist-balanced.mat"
    path.write_bytes(b"MATLAB 5.0 MAT-file, no more")
    refused("emnist-balanced", tmp_path, "emnist-balanced.mat: cannot be read as EMNIST of Matlab")
    io.savemat(path, {"other": np.zeros(3)})
    refused("emnist-balanced", tmp_path, "emnist-balanced.mat: cannot be read", "KeyError")
    images, labels = letters_like(0, 47, 47)
    store_mat(path, (images[:, :3], labels), (images, labels))
    refused("emnist-balanced", tmp_path, "images uint8 (47, 12)", "expected uint8 (n, pixels) and (n, 1)")
    store_mat(path, (images, labels[:3]), (images, labels))
    refused("emnist-balanced", tmp_path, "labels uint8 (3, 1)")


# ------------------------------------------------------------------------ KMNIST


def kana(n, first=0):
    return np.full((n, 4, 5), 9, np.uint8), ((np.arange(n) + first) % 10).astype(np.uint8)


def store_npz(folder, train, test):
    folder.mkdir(parents=True, exist_ok=True)
    for file, array in zip(KMNIST.others, (*train, *test), strict=True):
        np.savez_compressed(folder / file, array)


def test_both_forms_of_kmnist_are_the_same(tmp_path):
    store_idx(tmp_path / "idx", KMNIST, kana(20), kana(10, 3))
    store_npz(tmp_path / "npz" / "kmnist", kana(20), kana(10, 3))
    one, other = (datasets.load("kmnist", tmp_path / form) for form in ("idx", "npz"))
    assert one.digest == other.digest
    assert one.classes[9] == "wo"
    assert (len(other.train_labels), other.test_labels[0]) == (20, 3)


def test_bad_archives_of_kmnist(tmp_path):
    store_npz(tmp_path, kana(20), (kana(10)[0], kana(9)[1]))
    refused("kmnist", tmp_path, "kmnist-test-labels.npz: 9 labels for 10 images of kmnist-test-imgs.npz")
    (tmp_path / KMNIST.others[3]).unlink()
    refused("kmnist", tmp_path, "has files of kmnist but not kmnist-test-labels.npz")
    store_npz(tmp_path, kana(20), (kana(10)[1], kana(10)[1]))
    refused("kmnist", tmp_path, "kmnist-test-imgs.npz: uint8 (10,), expected uint8 of 3 axes")
    store_npz(tmp_path, (kana(20)[0], kana(20)[1] + np.uint8(9)), kana(10))
    refused("kmnist", tmp_path, "kmnist-train-labels.npz", "label 10 of image 1, expected 0..9")


def test_mnist_is_not_kmnist():
    refused("kmnist", stored.PACKAGED / "mnist", "holds mnist, not kmnist")


def test_kmnist_is_told_by_the_mean_of_its_training_images():
    """Its mean is 0.1918 of 255."""
    images = np.zeros((60_000, 28, 28), np.uint8)
    images[:, :14] = 98
    images[:, 0, :23] = 92
    assert abs(images.mean() / 255 - 0.1918) < 0.001
    assert mistaken.recognise(images) == "kmnist"
    assert mistaken.recognise(images[:10_000]) is None


def test_downloads_are_told_by_digests():
    for entry in (KMNIST, LETTERS, BALANCED):
        assert all(known.startswith("sha256:") and len(known) == 71 for known in entry.hashes)
    assert len(KMNIST.urls) == len(KMNIST.hashes) == 4
    refused("kmnist", None, "download failed", "COLANET_DATA")


# ------------------------------------------------------------------------ digits


def test_digits():
    sklearn = pytest.importorskip("sklearn.datasets", reason='pip install "colanet[sklearn]" brings scikit-learn')
    data = datasets.load("digits")
    assert (data.train_images.shape, data.test_images.shape) == ((1347, 8, 8), (450, 8, 8))
    assert data.bounds == (0, 16)
    assert data.intensities[0].max() == 255
    real = sklearn.load_digits()
    both = np.concatenate([data.train_images, data.test_images]).reshape(1797, -1)
    assert sorted(map(bytes, both)) == sorted(map(bytes, real.data.astype(np.uint8)))
    counts = np.bincount(data.train_labels) + np.bincount(data.test_labels)
    assert counts.tolist() == np.bincount(real.target).tolist()
    # The division is part of published numbers: it must never change.
    assert data.digest[:16] == "a4f09510b1c33a5d"


def test_a_network_is_shown_them_by_name():
    pytest.importorskip("sklearn.datasets", reason='pip install "colanet[sklearn]" brings scikit-learn')
    target = TargetInput(
        name="T", kind="object_target", target_file="digits", size=10, period=20, learning_time=20 * 5
    )
    shown = build_sources((ImageInput(name="R", source="digits", period=20, presentation=10), target), seed=0)
    assert (shown.n_train, shown.n_test, shown.sources[0].size) == (5, 450, 64)
    (used,) = shown.data
    assert (used.name, used.source, used.sha256) == ("digits", "scikit-learn", datasets.load("digits").digest)
