"""The constants of the shipped networks are those that the searches found."""

from pathlib import Path

import pytest
import yaml

from colanet import config
from tests.search import toys
from tests.search.test_subject import PRODUCTS

FOUND = toys.ROOT / "experiments" / "results" / "search"
FIRST_STAGES = {"permuted_15", "permuted_45", "permuted_45_full"}
"""Whose best trials were compared once more before a choice."""


ROUNDED = {"permuted_45_aroused": ["projection.R->L.initial_resource"]}
"""Whose best trial is what was shipped already; values that were written there with fewer digits."""


def decisive() -> list[Path]:
    return [p for p in sorted(FOUND.iterdir()) if p.name not in FIRST_STAGES]


@pytest.mark.parametrize("folder", decisive(), ids=lambda p: p.name)
def test_shipped_networks_have_the_constants_found(folder):
    best = yaml.safe_load((folder / "best.yaml").read_text())["set"]
    for name in ROUNDED.get(folder.name, ()):
        del best[name]
    path = toys.ROOT / "configs" / f"{PRODUCTS[folder.name]}.yaml"
    shipped = config.load(path)
    found = config.override_all(shipped, {name: str(value) for name, value in best.items()})
    assert found == shipped


def test_what_was_found_belongs_to_a_study():
    studies = (toys.ROOT / "experiments" / "search").glob("*.yaml")
    assert {p.name for p in FOUND.iterdir()} <= {p.stem for p in studies}
