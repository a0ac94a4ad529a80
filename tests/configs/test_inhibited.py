"""Networks taught under inhibition: INHIBITOR holds L down while images are taught, and only then."""

import numpy as np
import pytest

import colanet
from colanet.config.overrides import override_all
from colanet.session import Recording
from tests.shipped import CONFIGS, NAMES

PERIOD = 20
TAUGHT, TESTED = 4, 3
INHIBITED = [name for name in NAMES if name.endswith("_inhibited")]
ARRIVALS = {"permuted_mnist_15_inhibited": [3, 7], "permuted_mnist_45_inhibited": [3, 7], "mnist_45_inhibited": [5]}
"""Steps of an image at which the spikes of the label before reach L."""


def session_of(network, **values) -> colanet.Session:
    return colanet.Session(network, copies=1, threads=1, engine="numba", **values)


@pytest.mark.parametrize("name", sorted(ARRIVALS))
def test_inhibition_follows_every_label_and_ends_with_the_teaching(name):
    network = colanet.load(CONFIGS / f"{name}.yaml")
    session = session_of(network, train=TAUGHT, test=TESTED, recording=Recording(("INHIBITOR",)))
    session.run()
    delay = next(p.delay for p in network.projections if (p.source, p.target) == ("INHIBITOR", "L"))
    arrivals = session.spikes("INHIBITOR")[:, 0] + delay
    # The last label is that of the last image taught, so one image of the test, the first, is still inhibited.
    expected = [PERIOD * image + step for image in range(1, TAUGHT + 1) for step in ARRIVALS[name]]
    assert arrivals.tolist() == expected


@pytest.mark.parametrize("base", [name.removesuffix("_inhibited") for name in INHIBITED])
def test_without_inhibition_they_are_the_networks_they_come_from(base):
    plain = colanet.load(CONFIGS / f"{base}.yaml")
    described = colanet.load(CONFIGS / f"{base}_inhibited.yaml")
    rate = plain.population("L").stability_rate
    silenced = {"projection.INHIBITOR->L.weight": "0", "population.L.stability_rate": str(rate)}
    found = {}
    for name, network in (
        ("plain", plain),
        ("silenced", override_all(described, silenced)),
        ("inhibited", override_all(described, {"population.L.stability_rate": str(rate)})),
    ):
        session = session_of(network, train=300, test=0)
        session.run()
        found[name] = session.resources("R->L")
    np.testing.assert_array_equal(found["plain"], found["silenced"])
    assert (found["plain"] != found["inhibited"]).any()
