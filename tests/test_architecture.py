"""docs/architecture.md names every room, and only files that are there."""

import pkgutil
import re
from pathlib import Path

import pytest

import colanet

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROOMS = re.search(r"<!-- rooms -->(.*?)<!-- end -->", PAGE, re.DOTALL)[1]


def test_every_room_stands_in_the_table_once():
    named = [
        name for row in re.findall(r"^\| (`.*?) \|", ROOMS, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    ]
    assert len(named) == len(set(named))
    assert {module.name for module in pkgutil.iter_modules(colanet.__path__)} <= set(named)


def test_files_that_the_page_names_are_there():
    named = set(re.findall(r"`((?:colanet|tests|experiments)/[\w/.]+)`", PAGE))
    named |= {f"colanet/engine/{name}" for name in re.findall(r"`((?:cpu|cuda)/[\w.]+)`", PAGE)}
    assert len(named) > 40
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("line", re.findall(r"^\| .*?`colanet\.\w+` \| `colanet/[\w/]+\.py`", PAGE, re.MULTILINE))
def test_a_door_is_where_the_page_says(line):
    group, file = re.findall(r"`(.*?)`", line)
    assert f'"{group}"' in (ROOT / file).read_text(encoding="utf-8")


def test_the_page_lists_all_doors():
    groups = set(re.findall(r"`(colanet\.\w+)` \|", PAGE))
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "colanet").rglob("*.py"))
    made = re.findall(r"Registry(?:\[[^=]*?\])?\(\s*\"[\w -]+\",\s*\"(colanet\.\w+)\"", sources)
    assert groups == set(made)
    assert len(made) == 6
