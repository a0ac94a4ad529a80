"""Results stay as they are."""

import pytest

from tests import golden


@pytest.mark.parametrize("suffix", [".yaml", ".nnc"])
@pytest.mark.parametrize("name", golden.NAMES)
def test_a_shipped_configuration_gives_its_stored_digest(name, suffix, tmp_path):
    if golden.needs_emnist(name) and not (golden.EMNIST / "emnist_letters.npz").exists():
        pytest.skip("EMNIST letters are not here")
    assert golden.digest_of(name, suffix, tmp_path) == golden.stored()[name]


def test_every_shipped_configuration_has_a_digest():
    assert sorted(golden.stored()) == golden.NAMES
