"""`colanet` itself: help with examples, completion in a shell, and what it loads to say so."""

import os
import shlex
import subprocess
import sys

import click
import pytest

from colanet import __version__
from colanet.cli import COMMANDS, cli
from colanet.commands.examples import EXAMPLES


def test_help_lists_every_command(call):
    status, out, err = call("--help")
    assert (status, err) == (0, "")
    assert all(f"\n  {name} " in out for name in COMMANDS)
    assert call("--version")[1] == f"colanet, version {__version__}\n"
    assert call("nonsense")[0] == 2


def test_every_help_ends_with_calls_that_its_command_understands(call):
    """All words of an example are known; nothing is run."""
    for name, lines in EXAMPLES.items():
        told = call(*name.split(), "--help")[1]
        assert all(f"\n    {line}\n" in told for line in lines), name
        for line in lines:
            words = shlex.split(line)
            command, context = cli, click.Context(cli, info_name="colanet")
            while isinstance(command, click.Group):
                command, word = command.get_command(context, words[1]), words.pop(1)
                context = click.Context(command, info_name=word, parent=context)
            assert line.startswith(f"colanet {name}")
            assert command.make_parser(context).parse_args(words[1:])[1] == [], line
    below = [f"{group} {name}" for group in ("picture", "memory") for name in cli.get_command(None, group).commands]
    assert set(EXAMPLES) == {*COMMANDS, *below}


def test_words_are_completed_in_a_shell():
    asked = os.environ | {"_COLANET_COMPLETE": "bash_complete", "COMP_WORDS": "colanet qu", "COMP_CWORD": "1"}
    done = subprocess.run([sys.executable, "-m", "colanet"], env=asked, capture_output=True, text=True)
    assert done.stdout == "plain,quantise\n"


@pytest.mark.parametrize(
    "code", ["import colanet", "import colanet.cli as c\ntry: c.main(['--help'])\nexcept SystemExit: pass"]
)
def test_import_and_help_load_no_simulator(code):
    """What takes long to import, and what only some need."""
    heavy = {"numpy", "numba", "h5py", "pydantic", "yaml", "lxml", "jinja2", "pooch", "matplotlib", "torch"}
    code = f"import sys\n{code}\nsys.exit(','.join({heavy} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
