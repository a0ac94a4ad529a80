"""Names of an input's nodes."""

import h5py
import pytest

import colanet
from colanet.config.model import Network
from colanet.errors import DataError

NET = {
    "inputs": ({"name": "R", "kind": "noise", "size": 3, "noise": 0.5, "steps": 20, "labels": "names.txt"},),
    "populations": ({"name": "N", "size": 1},),
    "projections": ({"source": "R", "target": "N", "weight": 9},),
}


def test_node_labels_are_read_and_stand_in_the_results(tmp_path):
    (tmp_path / "names.txt").write_text("left\nright\nup\n")
    session = colanet.Session(Network.model_validate(NET), base_dir=tmp_path)
    result = session.run()
    assert session.presentation.node_labels == {"R": ("left", "right", "up")}
    session.write_results(tmp_path / "r.h5", result)
    with h5py.File(tmp_path / "r.h5") as file:
        assert [name.decode() for name in file["node_labels/R"][()]] == ["left", "right", "up"]


@pytest.mark.parametrize("text", ["left\nright\n", "a\nb\nc\nd\n"])
def test_another_number_of_labels_is_refused(tmp_path, text):
    (tmp_path / "names.txt").write_text(text)
    with pytest.raises(DataError, match=r"names\.txt: \d node labels, but input R has 3 nodes"):
        colanet.Session(Network.model_validate(NET), base_dir=tmp_path)
