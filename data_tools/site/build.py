"""Puts the sources of the site together and has Sphinx build it."""

from __future__ import annotations

import io
import itertools
import shutil
import tempfile
from pathlib import Path

import click

from colanet.errors import DataError
from colanet.extras import need
from data_tools.site import api, citing, commands, file_pages
from data_tools.site.checks import problems
from data_tools.site.contents import HOME, ROOT, files, toctrees
from data_tools.site.landing import landing
from data_tools.site.links import Links

HERE = Path(__file__).parent


def assemble(source: Path) -> None:
    """Write everything that Sphinx reads into the folder `source`: pages, figures, files that they link to."""
    links, there = Links(), set()
    for name, path in files().items():
        text = path.read_text(encoding="utf-8")
        place = path.relative_to(ROOT).as_posix()
        text = links.of_page(place, text)
        if name == HOME:
            text = landing(text)
        (source / f"{name}.md").write_text(text, encoding="utf-8")
        there.add(name)
    made = {"citing.md": citing.page(), "commands.md": commands.page()} | api.pages()
    for name, text in made.items():
        (source / name).write_text(text, encoding="utf-8")
        there.add(name.rpartition(".")[0])
    with (source / f"{HOME}.md").open("a", encoding="utf-8") as home:
        home.write("\n" + toctrees(there))
    shutil.copytree(ROOT / "docs" / "figures", source / "figures")
    shutil.copytree(HERE / "static", source / "static")
    for place in sorted(links.wanted):
        file_pages.write(place, source)
    for place in sorted(links.pictures):
        file_pages.keep(place, source)


def build(out: Path, builder: str = "html") -> list[str]:
    """Build the site into the folder `out`; the warnings of Sphinx, with the names of the repository's files."""
    need("sphinx", "docs")
    from sphinx.application import Sphinx

    # Sphinx writes annotations into the classes that it reads; what derives from them must be imported by then.
    for module in itertools.chain.from_iterable(modules for _, modules in api.PARTS.values()):
        need(module, "docs")
    said = io.StringIO()
    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "docs"
        source.mkdir()
        assemble(source)
        made = Sphinx(
            str(source), str(HERE), str(out), str(Path(name) / "trees"), builder, status=None, warning=said,
        )  # fmt: skip
        made.build(force_all=True)
        return said.getvalue().replace(f"{name}/", "").splitlines()


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("site"), show_default=True, help="Folder.")
@click.option("--external", is_flag=True, help="Ask every link to another site, instead.")
def main(out: Path, external: bool) -> None:
    """Build the documentation as a site. Exit status 2 if Sphinx warns of anything or a link leads nowhere."""
    if out.exists() and not (out / ".buildinfo").exists() and any(out.iterdir()):
        raise DataError(f"{out}: is no site that was built before; expected a new folder")
    shutil.rmtree(out, ignore_errors=True)
    found = build(out, "linkcheck" if external else "html")
    if not external:
        found += problems(out.resolve())
    for line in found:
        click.echo(line, err=True)
    if found:
        raise SystemExit(2)
    click.echo(f"written: {out / ('output.txt' if external else 'index.html')}")
