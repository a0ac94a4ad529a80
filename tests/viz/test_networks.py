"""Pictures of networks: every input, population and projection is there, whoever draws it."""

import re
import shutil
import xml.etree.ElementTree as ET
from collections import Counter

import pytest

from colanet import config
from colanet.viz import networks
from tests.shipped import CONFIGS, ROOT

pytest.importorskip("matplotlib", reason='pip install "colanet[plot]" brings matplotlib')
pytest.importorskip("networkx", reason='pip install "colanet[plot]" brings networkx')
SHIPPED = sorted(CONFIGS.glob("*.yaml"))


def shipped(name):
    return config.load(CONFIGS / f"{name}.yaml")


def svg_texts(path):
    return ["".join(node.itertext()) for node in ET.parse(path).iter() if node.tag.endswith("}text")]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_all_parts_of_shipped_networks_are_drawn(path, tmp_path, monkeypatch):
    network = config.load(path)
    text = networks.dot_of(network)
    names = [one.name for one in (*network.inputs, *network.populations)]
    assert re.findall(r'^  "(\w+)" \[label', text, re.MULTILINE) == names
    pairs = [(p.source, p.target) for p in network.projections]
    assert re.findall(r'^  "(\w+)" -> "(\w+)"', text, re.MULTILINE) == pairs
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert networks.draw_network(network, tmp_path / "n.svg") == "matplotlib"
    texts = svg_texts(tmp_path / "n.svg")
    assert set(names) <= set(texts)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_pictures_of_the_docs_are_of_the_shipped_networks(path):
    found = Counter(svg_texts(ROOT / "docs" / "figures" / "networks" / f"{path.stem}.svg"))
    network = config.load(path)
    drawn = [f"{box.name}\n{box.text}" for box in networks.boxes(network)]
    drawn += [arrow.text for arrow in networks.arrows(network)]
    assert found == Counter(line for text in drawn for line in text.split("\n"))


def test_words_of_boxes_and_arrows():
    network = shipped("mnist_45_inhibited")
    assert [box.text for box in networks.boxes(network)] == [
        "input, 28 x 28", "input, labels, 10 nodes", "10 columns of 45", "10 neurons", "10 neurons", "1 neuron",
    ]  # fmt: skip
    found = {(one.source, one.target): (one.text, one.colour, one.holds) for one in networks.arrows(network)}
    assert found["R", "L"] == ("plastic\nall to all", networks.PLASTIC, False)
    assert found["L", "L"] == ("gate -10\nwithin columns", networks.GATING, True)
    assert found["Target", "L"] == ("reward 0.117988\none to one, delay 3", networks.REWARD, False)
    assert found["INHIBITOR", "L"] == ("weight -12\nall to all", networks.INHIBITING, True)


def test_boxes_stand_right_of_what_they_get_spikes_from_but_for_feedback():
    places = networks._places(shipped("mnist"))
    columns = [places[name][0] for name in ("R", "L", "OUT", "BIASGATE")]
    assert columns == sorted(set(columns))
    assert places["Target"][0] == places["R"][0]
    assert len(set(places.values())) == len(places)


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz (dot) is not installed")
def test_graphviz_draws_what_the_text_says(call, tmp_path):
    status, out, err = call("picture", "network", CONFIGS / "mnist.nnc", "--out", tmp_path / "n.svg")
    assert (status, out, err) == (0, "", f"wrote {tmp_path / 'n.svg'}\n")
    assert {"R", "Target", "L", "OUT", "BIASGATE", "plastic", "gate -10"} <= set(svg_texts(tmp_path / "n.svg"))


def test_text_for_graphviz(call, tmp_path):
    arguments = ("--set", "population.L.size=300", "--out", tmp_path / "n.dot")
    assert call("picture", "network", CONFIGS / "mnist.yaml", *arguments)[0] == 0
    assert '"L\\n10 columns of 30"' in (tmp_path / "n.dot").read_text()


def test_other_suffixes_are_refused(call, tmp_path):
    status, _, err = call("picture", "network", CONFIGS / "mnist.yaml", "--out", tmp_path / "n.xyz")
    assert status == 2
    assert err.startswith(f"{tmp_path / 'n.xyz'}: expected a file that ends in")
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_graphviz_that_fails_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: shutil.os.path.realpath("/bin/false"))
    with pytest.raises(networks.BackendUnavailable, match="Graphviz failed: exit status 1"):
        networks.draw_network(shipped("mnist"), tmp_path / "n.svg")
    assert not list(tmp_path.iterdir())
