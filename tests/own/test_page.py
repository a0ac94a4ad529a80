"""docs/train.md: its code and commands run, print what it says, and refuse what it says."""

import re
import shlex
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "train.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile("\n".join(blocks("python")), "docs/train.md", "exec"), {"__name__": "page"})
    return tmp_path


def without_times(text):
    """Lines that are the same on every machine; another NumPy may round a quantile to another last bit."""
    kept = [line for line in text.splitlines() if not line.startswith(("time ", "digest "))]
    return [re.sub(r"threads \d+", "threads N", line) for line in kept]


def changed(line):
    """From `# now write into a file: this: 1, and that: b` to what a pattern's finds become."""
    wanted = dict(re.findall(r"(\w+): ([0-9a-z]+)(?:,|$)", line.partition("yaml: ")[2]))
    assert set(wanted) == {"source_fraction", "rule"}
    return lambda found: f"{found[1]}: {wanted[found[1]]}"


def test_the_commands_run_and_print_what_the_page_says(folder, call):
    lines = [line for block in blocks("bash") for line in block.splitlines()]
    assert len(lines) == 12
    printed, warned = [], []
    for line in lines:
        words = shlex.split(line, comments=True)[1:]
        if not words:  # what the reader does by hand
            chip = (folder / "chip.yaml").read_text()
            (folder / "chip.yaml").write_text(re.sub(r"\b(source_fraction|rule): [0-9a-z.]+", changed(line), chip))
            continue
        status, out, err = call(*words, *(["--quiet"] if words[0] not in ("predict", "export") else []))
        assert status == 0, err
        printed.append(out)
        warned.append(err)
    result, answered, few = blocks("text")
    assert without_times(printed[0]) == without_times(result)
    assert warned == ["", answered, few, *[""] * 8]
    assert "network_answer" in (folder / "chip" / "network.h").read_text()
    assert len((folder / "answers.csv").read_text().splitlines()) == 61
    names = re.findall(r"^\| `(leaves\.[\w.]+)` \|", PAGE, re.MULTILINE)
    assert len(names) == 3
    assert all((folder / name).exists() for name in names)


@pytest.mark.parametrize(
    ("change", "arguments"),
    [
        (lambda cells: cells[:-1], ()),
        (lambda cells: [cells[0], "wide", *cells[2:]], ()),
        (lambda cells: [cells[0], "nan", *cells[2:]], ()),
        (lambda cells: [*cells[:-1], ""], ()),
        (None, ()),
        (lambda cells: cells, ("--label", "sort")),
    ],
)
def test_what_the_page_says_is_refused(folder, call, change, arguments):
    """The rows of its last table, in their order, but for images."""
    rows = [line.split(",") for line in (folder / "leaves.csv").read_text().splitlines()]
    if change is None:
        rows[1:] = [[*row[:-1], "elm"] for row in rows[1:]]
    else:
        rows[16] = change(rows[16])
    (folder / "leaves.csv").write_text("\n".join(map(",".join, rows)) + "\n")
    status, out, err = call("train", "leaves.csv", "--label", "kind", *arguments)
    assert (status, out) == (2, "")
    messages = re.findall(r"^\| .* \| `(leaves\.csv:.*)` \|$", PAGE, re.MULTILINE)
    assert len(messages) == 6
    assert any(err.startswith(message) for message in messages), err


def test_every_option_stands_on_the_page():
    from colanet.commands.predict import predict
    from colanet.commands.train import train

    for command in (train, predict):
        for option in command.params:
            for name in option.opts:
                if name.startswith("--"):
                    assert f"`{name}" in PAGE, name
