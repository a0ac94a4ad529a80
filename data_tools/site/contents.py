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
"""Files whose pages have another name than the file; every other page is docs/NAME.md."""

SIDEBAR: dict[str, tuple[str, ...]] = {
    "Getting started": (HOME, "explained", "train", ALL_PAGES, "glossary"),
    "The model": ("model", "features", "readouts", "associative"),
    "How-to": (
        "run", "own", "estimator", "data", "report", "pictures", "python", "closed_loop", "bridges", "arni", "memory",
        "doctor",
    ),
    "Configuration": (
        "configuration", "fields", "words", "validate", "convert", "plan", "plugins", "examples", "limits",
    ),
    "Experiments and tables": ("continual", "reproduce", "parameter_search", "quantise", "robustness", "costs"),
    "Hardware": ("export", "microcontroller", "verilog", "vectors", "nir", "sanafe", "gpu", "bench", "performance"),
    "Extending": ("extending", "architecture", "contributing"),
    "Reference": ("commands", "api"),
    "Reliability": ("reliability",),
    "Changes and citing": ("changelog", "citing"),
}  # fmt: skip
"""Caption: names of its pages. A page of docs that is not here is a warning of Sphinx, and so an error."""


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
    for caption, names in SIDEBAR.items():
        lines = ["self" if name == HOME else name for name in names if name in there]
        if lines:
            listed = "\n".join("Set up <self>" if line == "self" else line for line in lines)
            parts.append(f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listed}\n```\n")
    return "\n".join(parts)
