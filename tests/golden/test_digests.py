"""Results stay as they are."""

import pytest

from tests import golden
from tests.engine import engines


def skip_without_data(name):
    if golden.needs_emnist(name) and not (golden.EMNIST / "emnist_letters.npz").exists():
        pytest.skip("EMNIST letters are not here")


@pytest.mark.parametrize("name", golden.NAMES)
def test_a_shipped_configuration_gives_its_stored_digest(name, tmp_path):
    skip_without_data(name)
    assert golden.digest_of(name, tmp_path) == golden.stored()[name]


@pytest.mark.parametrize("engine", engines.NAMES)
@pytest.mark.parametrize("name", golden.NAMES)
def test_every_engine_gives_it(name, engine, tmp_path):
    skip_without_data(name)
    make = engines.engine_class(engine, "test_every_engine_gives_it")
    assert golden.short_digest(name, tmp_path, make) == golden.stored(golden.STORED_SHORT)[name]


@pytest.mark.parametrize("file", [golden.STORED, golden.STORED_SHORT])
def test_every_shipped_configuration_has_a_digest(file):
    assert sorted(golden.stored(file)) == golden.NAMES
