"""The documentation knows every word, its examples load, and damaged files give nothing but a ConfigError."""

import random
import re
import warnings
from pathlib import Path

import pytest

from colanet.config import load, xml_words
from colanet.config import model as m
from colanet.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
FIELDS = (ROOT / "docs" / "fields.md").read_text(encoding="utf-8")
WORDS = (ROOT / "docs" / "words.md").read_text(encoding="utf-8")
CLASSES = (
    m.NoiseInput, m.ImageInput, m.ValuesInput, m.PluginInput, m.TargetInput,
    m.Population, m.Projection, m.Readout, m.Network,
)  # fmt: skip


def rows():
    tables = [getattr(xml_words, name) for name in dir(xml_words) if name.endswith(("_ROWS", "_ATTRIBUTES"))]
    for table in tables:
        for group in table.values() if isinstance(table, dict) else [table]:
            yield from group


def test_the_pages_name_every_field_and_every_xml_word():
    words = set(re.findall(r"[A-Za-z0-9_]+", FIELDS + WORDS))
    assert {field for cls in CLASSES for field in cls.model_fields} - words == set()
    assert {word for row in rows() for word in (row.xml, *row.aliases)} - words == set()
    assert {row.field for row in rows()} <= {field for cls in CLASSES for field in cls.model_fields}


def test_every_field_of_the_description_has_an_xml_word():
    have = {row.field for row in rows()} | {"name", "size", "kind", "shape", "columns", "winner_take_all"}
    have |= {"initial_resource", "delay", "inputs", "populations", "projections", "readout", "globals"}
    have |= {"lib", "args", "options"}
    assert {field for cls in CLASSES for field in cls.model_fields} <= have


@pytest.mark.filterwarnings("error::colanet.config.ConfigWarning")
def test_the_examples_of_the_page_are_one_network(tmp_path):
    for word in ("yaml", "xml"):
        text = re.search(rf"```{word}\n(.*?)```", PAGE, re.DOTALL)[1]
        (tmp_path / f"a.{word}").write_text(text, encoding="utf-8")
    assert (
        load(tmp_path / "a.yaml") == load(tmp_path / "a.xml") == load(ROOT / "configs" / "single_neuron.yaml")
    )


PIECES = [
    b"<",
    b">",
    b"\\x.nnc\n",
    b"<!--",
    b"&a;",
    b"-",
    b"9" * 5000,
    b"nan",
    b"\x00",
    b"\xff",
    b"\n",
    b"[",
    b"{",
]
PIECES += [b"}", b": ", b"'", b'"', b"*", b"!", b"1e999", b"<n>", b"</props>", b"?>", b"<![CDATA["]


@pytest.mark.parametrize("name", ["mnist.nnc", "mnist.yaml", "recurrent.nnc", "recurrent.yaml"])
def test_damaged_files(tmp_path, name):
    chance = random.Random(name)
    whole = (ROOT / "configs" / name).read_bytes()
    said = []
    for _ in range(150):
        start = chance.randrange(len(whole))
        stop = min(len(whole), start + chance.choice([0, 1, 1, 5, 40]))
        damaged = whole[:start] + chance.choice([b"", *PIECES]) + whole[stop:]
        (tmp_path / name).write_bytes(damaged)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                load(tmp_path / name)
            except ConfigError as error:
                said.append(error)
    assert len(said) > 30
    assert all(map(str, said))
    problems = [problem for error in said for problem in error.problems]
    assert all(problem.line and problem.file and "\n" not in problem.message for problem in problems)
