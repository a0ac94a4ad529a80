"""Registries: ours, registered ones, those of installed packages, and what is refused."""

import sys

import pytest

from colanet.errors import ConfigError, DataError
from colanet.registry import Registry
from tests.outside import package


@pytest.fixture
def registry():
    check = lambda thing: None if callable(thing) else "expected a function"  # noqa: E731
    return Registry("tool", "colanet.tools", {"join": "os.path:join"}, check=check, error=DataError)


def test_our_own_are_loaded_when_asked_for(registry):
    import os

    assert registry.names() == ("join",)
    assert registry.get("join") is os.path.join
    assert "join" in registry
    assert "split" not in registry


def test_registered_ones(registry):
    registry.register("upper", str.upper)
    assert registry.get("upper") is str.upper
    with pytest.raises(ConfigError, match="tool upper: exists already"):
        registry.register("upper", str.lower)
    registry.register("upper", str.lower, replace=True)
    assert registry.get("upper") is str.lower
    with pytest.raises(ConfigError, match="join: exists already"):
        registry.register("join", str.upper, replace=True)
    with pytest.raises(DataError, match="tool three: expected a function"):
        registry.register("three", 3)
    registry.unregister("upper")
    registry.unregister("upper")
    assert registry.names() == ("join",)


def test_an_installed_package_brings_one_and_is_imported_late(registry, tmp_path, monkeypatch):
    text = "def cut(text):\n    return text[:1]\n"
    package(tmp_path, "far_tools", text, {"colanet.tools": {"cut": "cut"}}, monkeypatch)
    assert registry.names() == ("join", "cut")
    assert "cut" in registry
    assert "far_tools" not in sys.modules
    assert registry.get("cut")("abc") == "a"
    registry.register("cut", str.upper)
    assert registry.get("cut") is str.upper


def test_ours_cannot_be_replaced_from_outside(registry, tmp_path, monkeypatch):
    package(tmp_path, "bad_tools", "join = print\n", {"colanet.tools": {"join": "join"}}, monkeypatch)
    assert registry.get("join") is not print
    assert registry.names() == ("join",)


def test_refusals_are_one_line(registry, tmp_path, monkeypatch):
    points = {"colanet.tools": {"lost": "lost", "five": "five"}}
    package(tmp_path, "odd_tools", "import sys\nfive = 5\n", points, monkeypatch)
    with pytest.raises(DataError, match=r"^unknown tool saw; known: join, five, lost$"):
        registry.get("saw")
    with pytest.raises(DataError, match=r"^tool lost: odd_tools:lost cannot be loaded: .*lost"):
        registry.get("lost")
    with pytest.raises(DataError, match="tool five: expected a function"):
        registry.get("five")
