"""`colanet doctor`: what it says of engines, data sets and libraries, and when it fails."""

from importlib import metadata

import numpy
import pytest

from colanet.datasets import stored
from colanet.datasets.registry import REGISTRY
from colanet.doctor import machine, selftest
from colanet.errors import BackendUnavailable


def test_all_is_well(call, tmp_path, monkeypatch):
    monkeypatch.delenv("COLANET_DATA", raising=False)
    (tmp_path / "fashion-mnist").mkdir()
    (tmp_path / "fashion-mnist" / "train-images-idx3-ubyte").touch()
    status, out, err = call("doctor", "--data", tmp_path)
    assert (status, err) == (0, "")
    lines = [line.split(maxsplit=1) for line in out.splitlines() if line.startswith("  ")]
    told = {words[0]: words[1] for words in lines}
    assert told["reference"].startswith("right")
    assert told["numba"].startswith("right")
    assert told["numpy"] == numpy.__version__
    assert told["plot"].startswith(f"matplotlib {metadata.version('matplotlib')}")
    assert told["fashion-mnist"] == str(tmp_path / "fashion-mnist")
    assert "not here" in told["emnist-letters"]


def test_another_result_is_told_and_fails(call, monkeypatch):
    monkeypatch.setattr(selftest, "N_TRAIN", 5)
    status, out, _ = call("doctor")
    assert status == 1
    assert out.count(f"expected {selftest.DIGEST}") >= 2


@pytest.mark.parametrize(("engine", "fault"), [("cupy", False), ("numba", True)])
def test_an_engine_that_is_not_there(engine, fault, monkeypatch):
    def missing(*_, **__):
        raise BackendUnavailable("no such device")

    monkeypatch.setattr(selftest, "Session", missing)
    trial = selftest.try_engine(engine)
    assert (trial.digest, trial.reason, trial.is_right, trial.is_fault) == (None, "no such device", False, fault)


def test_an_engine_that_fails_is_told_and_the_others_still_run(call, monkeypatch):
    real = selftest.Session

    def failing(*given, engine, **options):
        if engine == "cupy":
            raise RuntimeError("driver insufficient")
        return real(*given, engine=engine, **options)

    monkeypatch.setattr(selftest, "Session", failing)
    status, out, _ = call("doctor")
    assert status == 1
    assert "FAILS: RuntimeError: driver insufficient" in out
    assert out.count("right, ") == 2


def test_data_sets_that_share_a_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "cache_dir", lambda: tmp_path)
    reader = REGISTRY.get("emnist-letters-all")
    (tmp_path / "emnist-letters").mkdir()
    (tmp_path / "emnist-letters" / reader.files[0]).touch()
    told = dict(machine.data(None))
    assert told["emnist-letters-all"] == str(tmp_path / "emnist-letters")


def test_libraries_and_extras_are_those_that_the_package_names(monkeypatch):
    lines = [
        "numpy>=1.26", "numpy>=2; python_version >= '3.13'", "missing>=1", 'click>=8; extra == "x"',
        'gone; extra == "x"', "click; extra == 'y'", 'far; sys_platform == "nowhere" and extra == "y"',
        'colanet[x]; extra == "z"', 'gone; extra == "dev"',
    ]  # fmt: skip
    monkeypatch.setattr(metadata, "requires", lambda _: lines)
    assert dict(machine.libraries()) == {"missing": "not installed", "numpy": metadata.version("numpy")}
    assert dict(machine.extras()) == {"x": "lacks gone", "y": f"click {metadata.version('click')}"}
