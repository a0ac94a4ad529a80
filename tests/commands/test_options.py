"""The option --engine takes what is built in and what an installed package brings."""

import json

import pytest

from tests.outside import package

NOISE = """
inputs:
  - {name: R, kind: noise, size: 3, noise: 0.5, steps: 20}
populations:
  - {name: L, size: 3}
projections:
  - {source: R, target: L, connection: one_to_one, weight: 9}
"""
ENGINE = """
from colanet.engine.reference import ReferenceEngine

class Mine(ReferenceEngine):
    name = "mine"
"""


@pytest.fixture
def network(tmp_path):
    (tmp_path / "net.yaml").write_text(NOISE)
    return tmp_path / "net.yaml"


def test_an_installed_engine_can_be_named(call, network, tmp_path, monkeypatch):
    package(tmp_path / "site", "my_engine", ENGINE, {"colanet.engines": {"mine": "Mine"}}, monkeypatch)
    status, out, err = call("run", network, "--engine", "mine", "--json", "--quiet")
    assert (status, err) == (0, "")
    ours = json.loads(call("run", network, "--engine", "reference", "--json", "--quiet")[1])
    assert json.loads(out)["engine"] == "mine"
    assert json.loads(out)["digest"] == ours["digest"]
    assert "[auto|reference|numba|cupy|mine]" in call("run", "--help")[1].replace("\n", "")


@pytest.mark.parametrize("command", [["run"], ["continual"], ["picture", "raster"]])
def test_an_unknown_engine_is_refused_in_one_line(call, network, command):
    status, out, err = call(*command, network, "--engine", "magic", "--out", "x.png")
    assert (status, out) == (2, "")
    assert err == "--engine magic: unknown engine; known: auto, reference, numba, cupy\n"


@pytest.mark.parametrize("command", [["run"], ["continual"], ["picture", "raster"]])
def test_help_lists_the_engines(call, command):
    assert "[auto|reference|numba|cupy]" in call(*command, "--help")[1]
