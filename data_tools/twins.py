"""Make the `.nnc` twin of every shipped `.yaml` configuration: ``python -m data_tools.twins [--check]``.

The YAML file is written by hand and keeps its comments; its twin is made, and says so in the line behind the XML
declaration.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from colanet import config
from colanet.atomic import write_text
from colanet.config import write_xml
from colanet.errors import DataError
from colanet.programs import run_safely

CONFIGS = Path(__file__).parents[1] / "configs"
COMMAND = "python -m data_tools.twins"


def twin(source: Path) -> str:
    """The XML dialect of a YAML configuration, with a line that says how it was made.

    Raises
    ------
    ConfigError
        If the configuration is not a good one.
    """
    declaration, newline, body = write_xml(config.load(source)).partition("\n")
    made = f"<!-- Made by {COMMAND} from {source.name}, which says where its constants come from: edit that. -->"
    return f"{declaration}{newline}{made}\n{body}"


def stale(folder: Path) -> list[Path]:
    """Twins that are missing, other than what their source gives, or without a source."""
    sources = sorted(folder.glob("*.yaml"))
    wrong = [path for source in sources if (path := source.with_suffix(".nnc")) and not _is(path, twin(source))]
    return wrong + [path for path in sorted(folder.glob("*.nnc")) if not path.with_suffix(".yaml").exists()]


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=CONFIGS)
@click.option("--check", is_flag=True, help="Write nothing; exit status 1 if a twin is stale.")
def main(folder: Path, check: bool) -> None:
    """Make the .nnc file of every .yaml configuration in FOLDER (default: configs)."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    wrong = stale(folder)
    alone = [path for path in wrong if not path.with_suffix(".yaml").exists()]
    for path in wrong:
        if path in alone:
            click.echo(f"{path}: has no {path.with_suffix('.yaml').name} to be made from", err=True)
        elif check:
            click.echo(f"{path}: is not what {COMMAND} makes of {path.with_suffix('.yaml').name}", err=True)
        else:
            write_text(path, twin(path.with_suffix(".yaml")))
            click.echo(path)
    if alone or (check and wrong):
        sys.exit(1)


if __name__ == "__main__":
    run_safely(main, COMMAND)
