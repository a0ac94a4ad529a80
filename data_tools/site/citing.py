"""The page on citing, made from CITATION.cff: the entries as text and as BibTeX."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from data_tools.site.contents import ROOT


def page() -> str:
    """The page in Markdown."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    entries = [cited, *cited.get("references", [])]
    text = "".join(f"- {as_text(entry)}\n" for entry in entries)
    bibtex = "\n\n".join(as_bibtex(entry) for entry in entries)
    return (
        "# How to cite\n\nAfter reading this page you can cite colanet and the papers on its network.\n"
        f"{cited['message']}\n\n"
        f"{text}\n## BibTeX\n\n```bibtex\n{bibtex}\n```\n\n"
        "Both are made from the file `CITATION.cff` of the repository.\n"
    )


def people(entry: Mapping[str, Any]) -> list[str]:
    """Names of the authors as `Family, Given`, or that of a group."""
    named = entry["authors"]
    return [one["name"] if "name" in one else f"{one['family-names']}, {one['given-names']}" for one in named]


def where(entry: Mapping[str, Any]) -> str:
    """An identifier such as arXiv:2506.17169; empty if there is none."""
    return next((one["value"] for one in entry.get("identifiers", [])), "")


def as_text(entry: Mapping[str, Any]) -> str:
    """One sentence of a bibliography."""
    year = f" ({entry['year']})" if "year" in entry else ""
    end = where(entry) or f"Version {entry['version']}, licence {entry['license']}"
    return f"{'; '.join(people(entry))}{year}. *{entry['title']}*. {end}."


def as_bibtex(entry: Mapping[str, Any]) -> str:
    """An entry of BibTeX; a group of authors is kept together by braces."""
    authors = " and ".join(f"{{{name}}}" if "," not in name else name for name in people(entry))
    fields = {"title": f"{{{entry['title']}}}", "author": authors}
    for name in ("year", "version", "license"):
        if name in entry:
            fields[name] = str(entry[name])
    place = where(entry)
    if place.startswith("arXiv:"):
        fields |= {"eprint": place.removeprefix("arXiv:"), "archivePrefix": "arXiv"}
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@{'misc' if 'year' in entry else 'software'}{{{_key(entry)},\n{lines}\n}}"


def _key(entry: Mapping[str, Any]) -> str:
    first = re.sub(r"\W", "", people(entry)[0].partition(",")[0]) if "year" in entry else "colanet"
    return f"{first.lower()}{entry.get('year', '')}"
