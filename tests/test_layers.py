"""The layers that pyproject.toml states: no module imports from a layer above its own."""

from pathlib import Path

import pytest

importlinter = pytest.importorskip("importlinter.cli", reason='pip install "colanet[dev]" brings import-linter')

ROOT = Path(__file__).resolve().parents[1]


def test_no_layer_imports_from_a_higher_one(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT))
    status = importlinter.lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == 0, capsys.readouterr().out


def test_an_import_upwards_is_noticed(capsys, monkeypatch, tmp_path):
    package = tmp_path / "colanet_layers_toy"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "low.py").write_text("from colanet_layers_toy import high\n")
    (package / "high.py").touch()
    (tmp_path / "setup.cfg").write_text(
        "[importlinter]\nroot_package = colanet_layers_toy\n"
        "[importlinter:contract:layers]\nname = layers\ntype = layers\n"
        "layers =\n    colanet_layers_toy.high\n    colanet_layers_toy.low\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert importlinter.lint_imports(config_filename="setup.cfg", no_cache=True) == 1
    assert "colanet_layers_toy.low -> colanet_layers_toy.high" in capsys.readouterr().out
