"""Small networks to be damaged."""

import numpy as np

from colanet.config.model import Network
from colanet.plan import build
from colanet.plan.variables import initial_state

SIZE, INPUTS = 6, 8


def network(gate=-2.0, copies=2, **changes):
    """Neurons that kicks keep firing; each sleeps two steps after a spike. Weights from -0.25 to 0.75, drawn."""
    learner = {
        "name": "L", "size": SIZE, "tau_m": 5, "noise_amplitude": 12.0,
        "hebbian_rate": -0.1, "isi_max": 5, "dopamine_window": 10, "w_min": -0.25, "w_max": 0.75,
        "threshold_weight_factor": 0.5,
    }  # fmt: skip
    links = [
        {"source": "R", "target": "L", "kind": "plastic", "initial_resource": {"uniform": (0.0, 4.0)}},
        {"source": "L", "target": "L", "kind": "gating", "connection": "one_to_one", "weight": gate},
    ]
    noise = {"name": "R", "kind": "noise", "size": INPUTS, "noise": 0.3}
    return Network(
        copies=copies, inputs=[noise], populations=[learner | changes], projections=links[: 2 if gate else 1]
    )


def planned(seed=0, **changes):
    """Its plan, and its state before step 0."""
    plan = build(network(**changes), input_sizes={"R": INPUTS}, seed=seed)
    return plan, initial_state(plan)


def weights(plan, state, copy=0):
    """Weights in 1/1000, int64."""
    rule = plan.population("L").rule
    return rule.weights(state[f"{copy}/R->L/resource"]).astype(np.int64)
