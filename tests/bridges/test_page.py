"""docs/bridges.md runs, as far as the libraries are installed."""

import re
import sys
from pathlib import Path

import pytest

from colanet.errors import BackendUnavailable
from colanet.extras import need

PAGE = (Path(__file__).parents[2] / "docs" / "bridges.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"```python\n# (\w+)\n(.*?)```", PAGE, re.DOTALL))
NEEDED = {"avalanche": "avalanche", "river": "river", "mammoth": None}


def test_each_bridge_has_an_example():
    assert BLOCKS.keys() == NEEDED.keys()
    assert all("assert " in code for code in BLOCKS.values())


@pytest.mark.slow
@pytest.mark.parametrize("library", list(NEEDED))
def test_the_example_of_the_page_runs(library, tmp_path, monkeypatch):
    module = NEEDED[library]
    if module:
        pytest.importorskip(module, reason=f'pip install "colanet[{module}]" brings {module}')
        pytest.importorskip("sklearn", reason='pip install "colanet[sklearn]" brings scikit-learn')
    monkeypatch.chdir(tmp_path)
    exec(compile(BLOCKS[library], f"docs/bridges.md, {library}", "exec"), {"__name__": "page"})
    if library == "mammoth":
        assert len((tmp_path / "results.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize("library", ["avalanche", "river"])
def test_a_missing_library_is_named_with_the_command_that_brings_it(library, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, f"colanet.bridges.{library}", raising=False)
    with pytest.raises(BackendUnavailable, match=rf'^{library} is not installed: pip install "colanet'):
        need(library, library)
