"""The first page: the README, with the picture beside the sentence that says what colanet is."""

from __future__ import annotations

import re

from colanet.errors import DataError

QUESTIONS = (
    ("What is CoLaNET?", "explained.md", "the model in one page, with pictures"),
    ("How do I run my file?", "train.md", "a table, images, arrays"),
    ("And my network?", "run.md", "`.nnc` or YAML: train, test, save"),
    ("Why was this image answered wrongly?", "report.md", "one HTML page that tells"),
    ("How do I add a data set?", "extending.md#a-data-set", "a function and one line"),
    ("How do I cite it?", "citing.md", "text and BibTeX"),
)
"""What a newcomer asks, the page that answers, and what he finds there."""


def landing(readme: str) -> str:
    """The README as first page: claim, picture and its caption, ways to go on; then the rest.

    Raises `DataError` where the README has no picture between its first heading `Set up` and the next one.
    """
    found = re.search(r"^## Set up$.*?^(!\[.*?)(?=^## )", readme, re.MULTILINE | re.DOTALL)
    claim = re.match(r"# .*?\n\n.*?\n\n", readme, re.DOTALL)
    if not found or not claim:
        raise DataError("README.md: expected a heading, a claim, and a picture at the end of 'Set up'")
    picture, caption = found[1].split("\n", 1)
    picture = f"```{{figure}} {_target(picture)}\n:alt: {_words(picture)}\n:class: fields\n\n{caption.strip()}\n```\n\n"
    setup = readme[: found.start(1)].partition("## Set up\n")[2]
    before = readme[: found.start()]
    return "".join([
        claim[0], "## Set up\n", setup, picture, _questions(), before[claim.end():], readme[found.end(1):],
    ])  # fmt: skip


def _target(picture: str) -> str:
    return picture.rpartition("](")[2].rstrip(")")


def _words(picture: str) -> str:
    return picture[2:].partition("](")[0]


def _questions() -> str:
    rows = "".join(f"| [{asked}]({page}) | {answer} |\n" for asked, page, answer in QUESTIONS)
    return f"| you ask | you find |\n| --- | --- |\n{rows}\n"
