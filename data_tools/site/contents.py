"""The parts of the site in the order of its sidebar, and which file of the repository each page is."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

HOME, ALL_PAGES = "index", "pages"
SPECIAL = {
    "README.md": HOME,
    "docs/README.md": ALL_PAGES,
    "CONTRIBUTING.md": "contributing",
    "CHANGELOG.md": "changelog",
    "CITATION.cff": "citing",
    "docs/search.md": "parameter_search",  # search.html is where the site is searched
}
"""Files whose pages have another name than the file; every other page has that of its file in docs."""

SIDEBAR: dict[str, tuple[str, ...]] = {
    "Getting started": (
        f"First page <{HOME}>", "explained", "train", "notebooks",
        f"All pages, by task <{ALL_PAGES}>", "glossary",
    ),
    "The model": ("model", "features", "readouts", "associative"),
    "How-to": (
        "Train and test a network <run>", "Watch a run <watch>", "own", "estimator", "data",
        "Why an image was answered wrongly <report>", "pictures", "python", "closed_loop",
        "Avalanche, River, Mammoth <bridges>", "Scripts of ArNI-X <arni>",
        "Commands for associative memories <memory>", "What is installed and works <doctor>",
    ),
    "Configuration": (
        "configuration", "fields", "Words of .nnc files <words>", "Check a file <validate>",
        "XML to YAML and back <convert>",
        "A network as integers <plan>", "plugins", "examples", "limits",
    ),
    "Experiments and tables": (
        "continual", "reproduce", "Search for parameters <parameter_search>", "quantise", "robustness", "costs",
    ),
    "Hardware": (
        "export", "microcontroller", "verilog", "vectors", "nir", "sanafe",
    ),
    "Speed": ("performance", "Beside others <peers>", "Measure it here <bench>", "gpu"),
    "Extending": ("extending", "architecture", "contributing"),
    "Reference": ("commands", "api"),
    "Reliability": ("reliability",),
    "Changes and citing": ("changelog", "citing"),
}  # fmt: skip
"""Caption: its pages, some with a title for the sidebar. Sphinx warns of a page of docs that is not here."""


def name_of(path: str) -> str | None:
    """The page that a file of the repository is; None if it is none."""
    if path in SPECIAL:
        return SPECIAL[path]
    folder, _, file = path.rpartition("/")
    return file.removesuffix(".md") if folder == "docs" and file.endswith(".md") else None


def files() -> dict[str, Path]:
    """Name and file of every page that is a file of the repository."""
    found = [ROOT / name for name in SPECIAL if name != "CITATION.cff"] + sorted((ROOT / "docs").glob("*.md"))
    return {name_of(path.relative_to(ROOT).as_posix()) or "": path for path in found if path.exists()}


def toctrees(there: set[str]) -> str:
    """The sidebar in MyST, with the pages that are there."""
    parts = []
    for caption, entries in SIDEBAR.items():
        listed = [entry for entry in entries if entry.rpartition("<")[2].rstrip(">") in there]
        if listed:
            lines = "\n".join(listed).replace(f"<{HOME}>", "<self>")
            parts.append(f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{lines}\n```\n")
    return "\n".join(parts)
