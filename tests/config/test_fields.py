"""docs/fields.md is made from the description classes, and says of each field what the classes accept."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from colanet.config import fields
from colanet.config import model as m

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "fields.md").read_text(encoding="utf-8")


def test_the_page_is_made_from_the_classes():
    assert fields.page() == PAGE, "run python -m colanet.config.fields > docs/fields.md"


def row(cls_title, name):
    section = PAGE.partition(f"\n## {cls_title}\n")[2].partition("\n## ")[0]
    line = next(line for line in section.splitlines() if line.startswith(f"| `{name}` |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("cls", [cls for _, _, cls in fields.SECTIONS], ids=lambda cls: cls.__name__)
def test_every_field_has_a_meaning_and_no_other_is_described(cls):
    said = fields.meanings(cls)
    assert {name for name in cls.model_fields if not said.get(name, ("", ""))[1]} == set()
    assert set(said) - set(cls.model_fields) <= {"", "kind"}


def test_rows_by_hand():
    assert row("Populations", "tau_m")[2:6] == ["number, 1 to 1,048,576 or `.inf`", "`1`", "step", "`chartime`"]
    assert row("Populations", "w_max")[2:5] == ["number, above 0, at most 32.767", "none", "potential"]
    assert row("Populations", "size")[1:6] == ["Neurons.", "whole number, 1 to 16,777,216", "needed", "", "`n`"]
    assert row("Projections", "delay")[2].startswith("whole number, 1 to 30 or `{uniform: [low, high]}`")
    assert row("Inputs: image", "coding")[2] == "`integrate`, `poisson`, `regular`"
    assert row("Inputs: image", "shape")[2] == "3 of: whole number, at least 1"


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [("tau_m", (1, 1_048_576, float("inf")), (0, 1_048_577)), ("noise_amplitude", (0, 65.535), (-1,)),
     ("weight_bits", (1, 16), (0, 17)), ("w_min", (-32.767, 0), (0.1,)), ("isi_max", (0, 4096), (-1, 4097))],
)  # fmt: skip
def test_bounds_of_the_page_are_those_of_the_classes(name, inside, outside):
    numbers = [f"{value:,}" for value in inside if value != float("inf")]
    assert all(number in row("Populations", name)[2] for number in numbers)
    for value in inside:
        m.Population(name="L", size=1, **{name: value})
    for value in outside:
        with pytest.raises(ValidationError):
            m.Population(name="L", size=1, **{name: value})
