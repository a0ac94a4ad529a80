"""Which data set: `--dataset` changes images and labels, a mixture warns, a folder is read or refused."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

import colanet
from colanet import datasets
from colanet.datasets import registry
from colanet.datasets.fashion_mnist import FASHION
from colanet.datasets.idx import idx_bytes
from colanet.datasets.mnist import MNIST
from colanet.encoding import build_sources
from colanet.errors import DataWarning

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "tests" / "plan" / "published.nnc"
FEW = ["--copies", "1", "--threads", "1", "--train", "20", "--test", "5", "--quiet", "--json"]


@pytest.fixture
def clothes(tmp_path):
    """A folder with something that is stored as Fashion-MNIST."""
    place = tmp_path / "data" / "fashion-mnist"
    place.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for file, n in zip(FASHION.files, (30, 30, 10, 10), strict=True):
        images, labels = rng.integers(0, 256, (n, 28, 28), np.uint8), np.arange(n, dtype=np.uint8) % 10
        array = images if "images" in file else labels
        (place / f"{file}.gz").write_bytes(gzip.compress(idx_bytes(array)))
    registry._load.cache_clear()
    yield tmp_path / "data"
    registry._load.cache_clear()


def run(call, *arguments):
    status, out, err = call("run", CONFIG, *FEW, *arguments)
    assert status == 0, err
    return json.loads(out), err


def test_dataset_changes_images_and_labels(call, clothes):
    both, err = run(call, "--dataset", "fashion-mnist", "--data", clothes)
    assert err == ""
    assert [used["name"] for used in both["data"]] == ["fashion-mnist"]
    assert both["data"][0]["source"] == str(clothes / "fashion-mnist")
    by_hand, err = run(
        call, "--set", "input.R.source=fashion-mnist", "--set", "input.Target.target_file=fashion-mnist",
        "--data", clothes,
    )  # fmt: skip
    assert err == ""
    assert by_hand["digest"] == both["digest"]
    plain, _ = run(call)
    assert [used["name"] for used in plain["data"]] == ["mnist"]
    assert plain["digest"] != both["digest"]
    same, _ = run(call, "--dataset", "mnist")
    assert same["digest"] == plain["digest"]


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("R.source", "input R shows images of fashion-mnist, but input Target has labels of mnist"),
        ("Target.target_file", "input R shows images of mnist, but input Target has labels of fashion-mnist"),
    ],
)
def test_a_mixture_of_two_sets_warns(call, clothes, field, message):
    result, err = run(call, "--set", f"input.{field}=fashion-mnist", "--data", clothes)
    assert f"warning: {message}" in err
    # The folder holds no mnist, which is said too.
    assert err.count("\n") == err.count("warning: ") == 2
    assert {used["name"] for used in result["data"]} == {"mnist", "fashion-mnist"}


def test_a_file_beside_labels_by_name_is_no_mixture(tmp_path, recwarn):
    images = datasets.load("mnist")
    everything = np.concatenate([images.train_images, images.test_images])
    (tmp_path / "pictures.bin").write_bytes(everything.tobytes())
    network = colanet.config.override(colanet.load(CONFIG), "input.R.source", "pictures.bin")
    shown = build_sources(network.inputs, base_dir=tmp_path)
    assert not [w for w in recwarn if issubclass(w.category, DataWarning)]
    assert [used.name for used in shown.data] == ["mnist", "pictures.bin"]


def test_a_dataset_for_a_network_without_images(call):
    status, out, err = call("run", ROOT / "configs" / "single_neuron.nnc", "--dataset", "mnist")
    assert (status, out, err) == (2, "", "--dataset mnist: the configuration shows no images\n")


def test_bench_and_picture_know_the_option_too(call, tmp_path):
    status, out, err = call("bench", ROOT / "configs" / "single_neuron.nnc", "--dataset", "mnist")
    assert (status, out, err) == (2, "", "--dataset mnist: the configuration shows no images\n")
    picture = ["raster", ROOT / "configs" / "single_neuron.nnc", "--dataset", "mnist", "--out", tmp_path / "p.png"]
    assert call("picture", *picture) == (2, "", "--dataset mnist: the configuration shows no images\n")


@pytest.mark.parametrize("names", ["other", "nothing", "csv"])
def test_a_folder_is_read_or_refused_never_passed_over(call, tmp_path, names):
    if names == "other":
        for file, n in zip(MNIST.files, (50, 50, 20, 20), strict=True):
            array = np.zeros((n, 28, 28), np.uint8) if "images" in file else np.zeros(n, np.uint8)
            (tmp_path / file.replace("-idx", ".idx")).write_bytes(idx_bytes(array))
        result, err = run(call, "--data", tmp_path)
        assert err == ""
        assert result["data"][0]["source"] == str(tmp_path)
        return
    if names == "csv":
        (tmp_path / "mnist_train.csv").write_text("label,1x1\n5,0\n")
    status, out, err = call("run", CONFIG, *FEW, "--data", tmp_path)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith(f"{tmp_path}: holds no mnist; looked for train-images-idx3-ubyte")


def test_packed_and_plain_files_of_a_configuration_have_the_same_digest(tmp_path):
    content = b"@.\n.@\n"
    (tmp_path / "a.txt").write_bytes(content)
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(content))
    digests = set()
    for name in ("a.txt", "a.txt.gz"):
        inputs = (colanet.config.model.TextInput(name="R", source=name),)
        digests |= {used.sha256 for used in build_sources(inputs, base_dir=tmp_path).data}
    assert len(digests) == 1


def test_options_about_data_that_have_no_effect_warn(call, tmp_path):
    neuron = ROOT / "configs" / "single_neuron.nnc"
    status, _, err = call("run", neuron, "--quiet", "--data", tmp_path)
    assert (status, err) == (0, f"warning: {tmp_path} is not searched: no input names a data set\n")
    status, _, err = call("run", neuron, "--quiet", "--train", 5)
    message = "train and test (--train, --test) have no effect: the inputs have no objects"
    assert (status, err) == (0, f"warning: {message}\n")
    missing = tmp_path / "missing"
    assert call("run", neuron, "--data", missing) == (2, "", f"{missing}: no such folder of data\n")
    assert call("run", CONFIG, *FEW, "--data", missing) == (2, "", f"{missing}: no such folder of data\n")
