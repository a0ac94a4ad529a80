"""The adapted network: numbers worked by hand, and one line where scikit-learn is missing."""

import subprocess
import sys
from dataclasses import replace

import pytest

from colanet.config.check import check
from colanet.estimator.network import GATE, LARGEST_WEIGHT, REST, TAUGHT, Constants, adapted

CONSTANTS = Constants(
    microcolumns=4, copies=3, presentation=10, w_min=-0.2, w_max=0.1, hebbian_rate=-0.1, reward=0.15,
    stability_rate=0.5, virtual_synapses=40, source_fraction=0.5, spread=0.1,
)  # fmt: skip


def test_weights_and_rates_are_scaled_to_the_activity():
    # Copies see half of 51.2 spikes a step, a quarter of 102.4: f = 4. So w_min -0.8, w_max 0.4; the resource of
    # weight 0 is 0.8 * 1.2 / 0.4 = 2.4, and resources are drawn from 2.16 to 2.64.
    network = adapted(98, 3, 51.2, CONSTANTS)
    learner = network.population("L")
    assert (learner.w_min, learner.w_max) == pytest.approx((-0.8, 0.4))
    assert (learner.hebbian_rate, learner.stability_rate) == pytest.approx((-0.4, 0.125))
    assert learner.virtual_synapses == 5  # 40 * 98 / 784
    assert (learner.size, learner.columns, network.copies) == (12, 3, 3)
    seen, _, reward = network.projections[:3]
    assert seen.initial_resource.uniform == pytest.approx((2.16, 2.64))
    assert reward.weight == pytest.approx(0.6)


def test_it_is_at_rest_before_the_next_sample():
    network = adapted(98, 3, 51.2, CONSTANTS)
    learner, picture = network.population("L"), network.inputs[0]
    assert (picture.presentation, picture.period, learner.reset_phase) == (10, 10 + REST, 10 + TAUGHT)
    assert TAUGHT + GATE < REST
    assert check(network, warnings=True) == check(network) == []


@pytest.mark.parametrize("activity", [0.0, 1e-3, 0.5])
def test_few_spikes_do_not_make_weights_too_large(activity):
    network = adapted(98, 3, activity, CONSTANTS)
    assert network.population("L").w_min == -LARGEST_WEIGHT
    assert check(network) == []
    assert check(adapted(1, 1, activity, replace(CONSTANTS, w_min=0.0))) == []


def test_without_scikit_learn_the_install_command_is_named():
    code = (
        "import sys; sys.modules['sklearn'] = None\nimport colanet\nfrom colanet import *\n"
        "from colanet.errors import BackendUnavailable\n"
        "try:\n    colanet.CoLaNETClassifier\nexcept BackendUnavailable as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == 'sklearn is not installed: pip install "colanet[sklearn]"\n', done.stderr
