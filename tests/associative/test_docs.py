"""The documentation: its code runs, its pictures are there, every function it names exists."""

import contextlib
import importlib
import io
import re
from pathlib import Path

import pytest

from colanet.associative.commands import memory

DOCS = Path(__file__).parents[2] / "docs"
STORY = (DOCS / "associative.md").read_text(encoding="utf-8")
MODULES = (
    *("hopfield", "boltzmann", "krotov", "models", "lagrangians", "dead", "altered", "capacity", "bridge"),
    *("base", "scaled"),
)


def printed(block):
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(block, "docs/associative.md", "exec"), {})
    return output.getvalue()


def test_examples_print_what_they_say():
    first, second = (printed(block) for block in re.findall(r"```python\n(.*?)```", STORY, re.S))
    promised = re.findall(r"# (\d[\d. ]*)(?::.*)?$", STORY.split("```")[1], re.M)
    assert first.splitlines() == [line.strip() for line in promised]
    assert len(promised) == 2
    assert second.startswith("[[1 1")


@pytest.mark.parametrize("name", sorted(set(re.findall(rf"`((?:{'|'.join(MODULES)})\.[\w.]+)`", STORY))))
def test_named_code_exists(name):
    module, *path = name.split(".")
    found = importlib.import_module(f"colanet.associative.{module}")
    for part in path:
        found = getattr(found, part)
    assert found.__doc__


@pytest.mark.parametrize("picture", re.findall(r"!\[.+?\]\((.+?)\)", STORY))
def test_pictures_are_there_and_small(picture):
    assert (DOCS / picture).stat().st_size < 150_000


@pytest.mark.parametrize("page", ["associative.md", "memory.md"])
def test_commands_and_options_exist(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    for line in re.findall(r"^colanet memory (.+)$", text, re.M):
        command = memory.commands[line.split()[0]]
        known = {name for parameter in command.params for name in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", line)) <= known, line


def test_no_number_is_left_to_be_filled_in():
    assert "@" not in STORY
