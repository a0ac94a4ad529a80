"""The first page: the README in another order, so that claim, commands and picture come before all else."""

from __future__ import annotations

import re

from colanet.errors import DataError

QUESTIONS = (
    ("What is CoLaNET?", "explained.md", "the model on one page, with pictures"),
    ("How do I learn from my data?", "train.md", "a table, a folder of images, an archive of arrays"),
    ("How do I run my `.nnc` file?", "run.md", "`.nnc`, `.xml` or YAML: train, test, save, resume"),
    ("Is my file accepted?", "validate.md", "every problem with file and line"),
    ("Why was an image answered wrongly?", "report.md", "a page that explains each decision"),
    ("How do I add a data set?", "extending.md#a-data-set", "a function and an entry point"),
    ("How do I cite it?", "citing.md", "text and BibTeX"),
)
"""What a newcomer asks, the page that answers, and what he finds there."""

_PARTS = re.compile(
    r"(?P<title># .*?\n\n.*?\n\n)(?P<audience>.*?)## Set up\n\n(?P<commands>```bash\n.*?```\n)(?P<words>.*?)"
    r"!\[(?P<alt>[^]]*)\]\((?P<picture>[^)]*)\)\n(?P<caption>.*?)(?=^## )(?P<rest>.*)",
    re.DOTALL | re.MULTILINE,
)


def landing(readme: str) -> str:
    """The README as first page: claim, commands, picture, ways to go on; then the rest.

    Raises `DataError` where the README does not begin with a title, a claim and the section `Set up` with commands
    first and a picture last.
    """
    found = _PARTS.fullmatch(readme)
    if not found:
        raise DataError("README.md: expected a title, a claim, and 'Set up' with commands first and a picture last")
    caption = f":alt: {found['alt']}\n:figclass: fields\n\n{found['caption'].strip()}"
    picture = f"```{{figure}} {found['picture']}\n{caption}\n```\n\n"
    asked = "".join(f"| [{question}]({page}) | {answer} |\n" for question, page, answer in QUESTIONS)
    ways = f"| you ask | you find |\n| --- | --- |\n{asked}\n"
    return (
        f"{found['title']}## Set up\n\n{found['commands']}\n{picture}{ways}{found['words'].strip()}\n\n"
        f"{found['audience']}{found['rest']}"
    )
