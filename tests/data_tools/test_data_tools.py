"""The data_tools commands, run in this process as ``python -m data_tools`` runs them."""

import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from colanet import datasets
from colanet.config.model import ImageInput, TargetInput
from colanet.datasets import patterns
from colanet.datasets.idx import IMAGES, LABELS, idx_bytes, read_idx
from colanet.datasets.transform import permute_images
from colanet.encoding import build_sources

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # data_tools is not installed, it lies beside the package

from data_tools.cli import main  # noqa: E402

PICTURES = np.arange(5 * 6, dtype=np.uint8).reshape(5, 2, 3)
SHAPE = ("--shape", 3, 2)


def call(*words, status=0):
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == status, result.output
    return result.output


def refused(*words):
    text = call(*words, status=2)
    assert text.startswith("error: ")
    assert text.count("\n") == 1
    return text


@pytest.fixture
def raw(tmp_path):
    (tmp_path / "p.bin").write_bytes(PICTURES.tobytes())
    (tmp_path / "l.txt").write_text("0\n7\n255\n")
    return tmp_path


@pytest.mark.parametrize("name", ["p-idx3-ubyte", "p-idx3-ubyte.gz"])
def test_images_there_and_back(raw, name):
    call("convert", raw / "p.bin", raw / name, *SHAPE)
    np.testing.assert_array_equal(read_idx(raw / name, IMAGES), PICTURES)
    call("convert", raw / name, raw / "q.raw")
    assert (raw / "q.raw").read_bytes() == PICTURES.tobytes()


def test_labels_there_and_back(raw):
    call("convert", raw / "l.txt", raw / "l-idx1-ubyte")
    assert read_idx(raw / "l-idx1-ubyte", LABELS).tolist() == [0, 7, 255]
    call("convert", raw / "l-idx1-ubyte", raw / "m.txt")
    assert (raw / "m.txt").read_bytes() == (raw / "l.txt").read_bytes()


def test_gzip_is_reproducible_and_kept_by_every_form(raw):
    call("convert", raw / "p.bin", raw / "a.bin.gz", *SHAPE)
    call("convert", raw / "p.bin", raw / "b.bin.gz", *SHAPE)
    assert (raw / "a.bin.gz").read_bytes() == (raw / "b.bin.gz").read_bytes()
    assert gzip.decompress((raw / "a.bin.gz").read_bytes()) == PICTURES.tobytes()


def test_offset(raw):
    (raw / "h.bin").write_bytes(b"head" + PICTURES.tobytes())
    call("convert", raw / "h.bin", raw / "p2.bin", *SHAPE, "--offset", 4)
    assert (raw / "p2.bin").read_bytes() == PICTURES.tobytes()


def test_cut(raw):
    call("cut", raw / "p.bin", raw / "c.bin", *SHAPE, "--first", 1, "--count", 2)
    assert (raw / "c.bin").read_bytes() == PICTURES[1:3].tobytes()
    call("cut", raw / "l.txt", raw / "c.txt", "--count", 2)
    assert (raw / "c.txt").read_text() == "0\n7\n"
    assert "5 in all" in refused("cut", raw / "p.bin", raw / "d.bin", *SHAPE, "--first", 4, "--count", 2)
    assert not (raw / "d.bin").exists()


def test_permute(raw):
    call("permute", raw / "p.bin", raw / "q.bin", *SHAPE, "--seed", 4)
    assert (raw / "q.bin").read_bytes() == permute_images(PICTURES, 4).tobytes()
    assert "holds labels" in refused("permute", raw / "l.txt", raw / "q.txt", "--seed", 4)


def test_patterns(tmp_path):
    call("patterns", tmp_path / "new", "--count", 12, "--seed", 5)
    images, labels = patterns.generate(12, 5)
    assert (tmp_path / "new" / "patterns.bin").read_bytes() == images.tobytes()
    assert (tmp_path / "new" / "patterns_labels.txt").read_text().split() == [str(k) for k in labels]


def small_mnist(folder):
    data = datasets.load("mnist")
    names = (
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    )
    arrays = (data.train_images[:6], data.train_labels[:6], data.test_images[:4], data.test_labels[:4])
    for name, array in zip(names, arrays, strict=True):
        (folder / name).write_bytes(idx_bytes(array))


def test_exported_data_set_means_the_same_as_its_name(tmp_path):
    small_mnist(tmp_path)
    output = call("convert", "mnist", tmp_path / "out", "--data", tmp_path)
    assert "the first 6 are for training" in output

    def shown(source, labels):
        return build_sources(
            (
                ImageInput(name="R", source=source, shape=(28, 28, 1), period=15, presentation=10),
                TargetInput(name="T", size=10, target_file=labels, learning_time=90, period=15),
            ),
            base_dir=tmp_path / "out",
            data_dir=tmp_path,
        )

    named, files = shown("mnist", "mnist"), shown("mnist.bin", "mnist_labels.txt")
    assert (named.n_train, named.n_test) == (files.n_train, files.n_test) == (6, 4)
    for a, b in zip(named.sources, files.sources, strict=True):
        for x, y in zip(a.spikes(0, 150), b.spikes(0, 150), strict=True):
            np.testing.assert_array_equal(x, y)


def test_fetch():
    output = call("fetch", "mnist")
    assert "60000 + 10000" in output
    assert "CC BY-SA 3.0" in output


def test_errors(raw):
    assert "need --shape" in refused("convert", raw / "p.bin", raw / "x.idx")
    assert "multiple of 7" in refused("convert", raw / "p.bin", raw / "x.idx", "--shape", 7, 1)
    assert "no such file" in refused("convert", raw / "none", raw / "x.idx")
    (raw / "bad.txt").write_text("1\n256\n")
    assert "bad.txt:2: label 256, expected 0..255" in refused("convert", raw / "bad.txt", raw / "x.idx")
    assert "holds labels, the source does not" in refused("convert", raw / "p.bin", raw / "x.txt", *SHAPE)
    assert "holds images, the source does not" in refused("convert", raw / "l.txt", raw / "x.bin")
    assert "cannot be written" in refused("convert", raw / "l.txt", raw / "l.txt" / "x.txt")
    assert sorted(path.name for path in raw.iterdir()) == ["bad.txt", "l.txt", "p.bin"]
    call("convert", status=2)
    call("fetch", "cifar", status=2)


def test_run_as_a_module():
    done = subprocess.run([sys.executable, "-m", "data_tools", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0
    assert all(word in done.stdout for word in ("fetch", "convert", "cut", "permute"))
