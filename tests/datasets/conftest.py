"""What the tests of several files share."""

import pytest

from colanet.datasets import registry, stored


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """No data of this machine, no network."""
    monkeypatch.delenv("COLANET_DATA", raising=False)
    monkeypatch.setattr(stored, "cache_dir", lambda: tmp_path / "cache")

    def unreachable(*args, **kwargs):
        raise ConnectionError("no network\nin tests")

    monkeypatch.setattr("pooch.retrieve", unreachable)
    registry._load.cache_clear()
    yield
    registry._load.cache_clear()
