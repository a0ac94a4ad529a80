"""The archives of the package hold what they must, and depend on nothing but the files."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("hatchling", reason="pip install \".[test]\" brings the build back end")

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (".ci", "colanet", "configs", "data_tools", "docs", "experiments", "tests")
GENERATED = {"__pycache__", "runs", "quick"}
FILES = ("README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "pyproject.toml", ".gitignore")
NEEDED_AT_RUN_TIME = {
    "colanet/py.typed",
    "colanet/datasets/files/mnist/t10k-images-idx3-ubyte.gz",
    "colanet/datasets/files/mnist/t10k-labels-idx1-ubyte.gz",
    "colanet/datasets/files/mnist/train-images-idx3-ubyte.gz",
    "colanet/datasets/files/mnist/train-labels-idx1-ubyte.gz",
    "colanet/doctor/network.yaml",
    "colanet/engine/cuda/colanet.cu",
    "colanet/engine/cuda/shim.cpp",
    "colanet/report/page/body.html",
    "colanet/report/page/columns.html",
    "colanet/report/page/head.html",
    "colanet/report/page/page.css",
    "colanet/report/page/page.html",
    "colanet/report/page/page.js",
    "colanet/report/page/tools.js",
    "colanet/watch/page/index.html",
    "colanet/watch/page/watch.css",
    "colanet/watch/page/watch.js",
}
NEEDED_TO_TEST = {".ci/run", "configs/mnist.nnc", "docs/run.md", "experiments/mnist.yaml", "tests/conftest.py"}


def copied(target, mode, time):
    """A copy of the tree whose files have other modes, times and perhaps another order in their folders."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns(*GENERATED))
    for name in FILES:
        shutil.copy(ROOT / name, target / name)
    for path in target.rglob("*"):
        if path.is_file():
            path.chmod(mode)
            os.utime(path, (time, time))
    return target


def built(tree, out):
    """{name: bytes} of the archives that the build backend makes of a tree."""
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", str(out)]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """The archives of two copies of the tree, and a third of the unpacked sdist."""
    folder = tmp_path_factory.mktemp("package")
    results = []
    for number, (mode, time, umask) in enumerate([(0o644, 1_700_000_000, 0o022), (0o600, 1_000_000_000, 0o077)]):
        before = os.umask(umask)
        try:
            results.append(built(copied(folder / f"tree{number}", mode, time), folder / f"out{number}"))
        finally:
            os.umask(before)
    (sdist,) = folder.glob("out0/*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    results.append(built(folder / sdist.name.removesuffix(".tar.gz"), folder / "out2"))
    return folder, results


def test_two_builds_are_the_same_bytes(archives):
    _, (first, second, _) = archives
    assert len(first) == 2
    assert first == second


def test_pypi_would_take_them(archives):
    pytest.importorskip("twine", reason="twine checks the archives")
    folder, _ = archives
    files = [str(path) for path in sorted((folder / "out0").iterdir())]
    command = [sys.executable, "-m", "twine", "check", "--strict", *files]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_unpacked_sdist_builds_the_same_wheel_and_itself(archives):
    _, (first, _, again) = archives
    assert first == again


def files_of(*folders):
    return {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not GENERATED & set(path.parts)
    }


def test_the_wheel_holds_the_package_and_nothing_else(archives):
    folder, _ = archives
    (wheel,) = folder.glob("out0/*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert NEEDED_AT_RUN_TIME <= names == files_of("colanet")


def test_the_sdist_holds_all_that_tests_docs_and_experiments_need(archives):
    folder, _ = archives
    (sdist,) = folder.glob("out0/*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= NEEDED_TO_TEST
    assert names == files_of(*FOLDERS) | {*FILES, "PKG-INFO"}
