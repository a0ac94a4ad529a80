"""`--lenient` belongs to every command that reads a configuration, and does the same in all of them."""

from pathlib import Path

import click
import numpy as np
import pytest

from colanet.cli import cli
from tests.plan.test_build import PUBLISHED

DOCS = Path(__file__).parents[1] / "docs"
READ_NONE = {"picture fields", "picture core", "predict", "damage", "doctor", "report", "memory"}
"""Commands that read no configuration of the user: saved states, results, cores, the machine, memories."""
ARGUMENTS = {
    "run": ("net.nnc", "--train", "20", "--test", "10", "--copies", "1"),
    "train": ("own.npz", "--network", "net.nnc", "--threads", "1"),
    "continual": ("e.yaml", "--train", "20", "--test", "10"),
    "picture raster": ("net.nnc", "--out", "a.png"),
    "picture network": ("net.nnc", "--out", "a.dot"),
    "plan": ("net.nnc",),
    "quantise": ("net.nnc", "--train", "20", "--test", "10", "--weights", "16", "--resources", "32.20"),
    "bench": ("net.nnc", "--train", "2", "--test", "1", "--rounds", "1", "--copies", "1"),
    "search": ("s.yaml", "--generations", "1"),
    "validate": ("net.nnc",),
    "convert": ("net.nnc", "b.yaml"),
    "export": ("net.nnc", "--out", "exported"),
}
PAGES = {"picture raster": "pictures", "picture network": "pictures"}
EXPERIMENT = """
name: e
network: net.nnc
copies: 1
tasks: [{dataset: mnist, repeat: 2, permutation: 5, train: 40, test: 10}]
"""
STUDY = """
name: s
experiment: e.yaml
permutation: 50
change: {validation: 10}
generation: 2
parameters: {population.L.hebbian_rate: {low: -0.3, high: -0.02}}
"""


def leaves(command, words=()):
    """(words, command) of everything that can be called."""
    if not isinstance(command, click.Group):
        yield " ".join(words), command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        yield from leaves(command.get_command(context, name), (*words, name))


COMMANDS = dict(leaves(cli))


def reads_none(name):
    return name in READ_NONE or name.split()[0] in READ_NONE


def test_every_command_is_known_here():
    assert {name for name in COMMANDS if not reads_none(name)} == set(ARGUMENTS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_option_is_there_and_in_the_docs(name):
    has = [option.help for option in COMMANDS[name].params if "--lenient" in option.opts]
    if reads_none(name):
        assert not has
    else:
        assert has == [option.help for option in COMMANDS["validate"].params if "--lenient" in option.opts]
        assert "--lenient" in (DOCS / f"{PAGES.get(name, name)}.md").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A network with an element, an attribute and a property that nobody knows, and what names it."""
    text = PUBLISHED.read_text(encoding="utf-8")
    changes = {
        "<props>": "<props><chartine>3</chartine>",
        "<Section ": '<Section colour="red" ',
        "</SNN>": "<Foo/></SNN>",
    }
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new, 1)
    (tmp_path / "net.nnc").write_text(text, encoding="utf-8")
    (tmp_path / "e.yaml").write_text(EXPERIMENT)
    (tmp_path / "s.yaml").write_text(STUDY)
    np.savez(tmp_path / "own.npz", X=np.eye(784)[:30], y=np.arange(30) % 10)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ARGUMENTS)
def test_unknown_words_are_refused_and_leniently_warned_of(name, call, folder):
    for library, command in (("matplotlib", "picture raster"), ("optuna", "search")):
        if name == command:
            pytest.importorskip(library)
    before = sorted(folder.rglob("*"))
    status, out, err = call(*name.split(), *ARGUMENTS[name])
    refused = err.splitlines()
    assert status == 2
    assert out == ""
    assert len(refused) == 3
    assert all("unknown" in line and "net.nnc:" in line for line in refused)
    assert sorted(folder.rglob("*")) == before

    status, out, err = call(*name.split(), *ARGUMENTS[name], "--lenient")
    assert status == 0, err
    warned = [line.removeprefix("warning: ") for line in err.splitlines() if "unknown" in line]
    assert sorted(warned) == sorted(refused)  # each once


@pytest.mark.parametrize("name", ARGUMENTS)
def test_other_problems_stay_problems(name, call, folder):
    text = (folder / "net.nnc").read_text(encoding="utf-8")
    (folder / "net.nnc").write_text(text.replace("<chartine>3", "<n>x</n><chartine>3"))
    status, _, err = call(*name.split(), *ARGUMENTS[name], "--lenient")
    assert status == 2
    assert "net.nnc:" in err
    assert not any("unknown" in line for line in err.splitlines() if not line.startswith("warning: "))
