"""A network for samples of any size: the three-layer form, its weights scaled to what the samples bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from colanet.config.model import Network

REFERENCE = 102.4
"""Spikes a step of the mean image of MNIST; weights are stated for it (docs/own.md)."""
LARGEST_WEIGHT = 32.0
"""What no plastic weight exceeds, however few spikes there are; see `colanet.units.PLASTIC_WEIGHT`."""
TAUGHT = 5
"""Steps after the last input spike at which a sample is over: it has been taught, if it is."""
REST = 16
"""Steps from the last input spike to the next sample; then no gate of L is closed any more."""
GATE = 10
"""Steps that the other neurons of a column are closed by a spike; `TAUGHT` and it make less than `REST`."""


@dataclass(frozen=True)
class Constants:
    """What an adapted network is made of; weights and rates are those for an activity of `REFERENCE`.

    Attributes
    ----------
    microcolumns, copies, presentation : int
        Neurons a class, network copies, steps with input spikes.
    tau_m, threshold_weight_factor, w_min, w_max, hebbian_rate, stability_rate
        As in `colanet.config.model.Population`.
    virtual_synapses : float
        For 784 nodes.
    reward : float
        Weight of Target -> L.
    source_fraction : float
        Part of the nodes that a copy sees.
    spread : float
        Initial resources are drawn between 1 - spread and 1 + spread times that of weight 0.
    """

    microcolumns: int = 15
    copies: int = 20
    presentation: int = 22
    tau_m: float = 8
    threshold_weight_factor: float = 0.58
    w_min: float = -0.44
    w_max: float = 0.137
    hebbian_rate: float = -0.279
    reward: float = 0.333
    stability_rate: float = 0.6
    virtual_synapses: float = 46
    source_fraction: float = 0.7
    spread: float = 0.01


def adapted(nodes: int, classes: int, activity: float, constants: Constants) -> Network:
    """The three-layer form, whose early answers count more.

    Every population is at rest, and all gates are open, when the next sample comes: no neuron is kicked at random,
    potentials of L are wiped `TAUGHT` steps after the last input spike, and the last gate opens `GATE` steps later.

    Parameters
    ----------
    nodes, classes : int
    activity : float
        Mean number of input spikes a step: the mean sum of a sample's intensities, divided by 255.
    constants : Constants

    Raises
    ------
    pydantic.ValidationError
        If a constant is out of its range.
    """
    c = constants
    period = c.presentation + REST
    f = REFERENCE / max(activity * c.source_fraction, 1e-6)
    f = min(f, LARGEST_WEIGHT / max(-c.w_min, c.w_max, 1e-6))
    w_min, w_max = c.w_min * f, c.w_max * f
    zero = -w_min * (w_max - w_min) / w_max if w_max > 0 else 0.0
    learner: dict[str, Any] = {
        "name": "L", "size": classes * c.microcolumns, "columns": classes, "winner_take_all": True,
        "tau_m": c.tau_m, "threshold_weight_factor": c.threshold_weight_factor, "w_min": w_min, "w_max": w_max,
        "hebbian_rate": c.hebbian_rate * f, "stability_rate": c.stability_rate / f, "isi_max": 10,
        "virtual_synapses": round(c.virtual_synapses * nodes / 784), "dopamine_rule": "three_factor",
        "dopamine_window": c.presentation, "reset_period": period, "reset_phase": c.presentation + TAUGHT,
    }  # fmt: skip
    return Network.model_validate(
        {
            "copies": c.copies,
            "inputs": _inputs(nodes, classes, c.presentation, period),
            "populations": [
                learner,
                {"name": "OUT", "size": classes},
                {"name": "BIASGATE", "size": classes},
            ],
            "projections": _projections(c, f, zero),
            "readout": {"kind": "object", "population": "OUT", "rule": "early"},
        }
    )


def _inputs(nodes: int, classes: int, presentation: int, period: int) -> list[dict[str, Any]]:
    """The files are those that docs/estimator.md writes; nothing is read from them here."""
    image = {"name": "R", "kind": "image", "source": "samples.raw", "shape": (nodes, 1, 1), "coding": "regular"}
    target = {"name": "Target", "kind": "object_target", "target_file": "labels.txt", "learning_time": 0}
    return [
        image | {"period": period, "presentation": presentation},
        target | {"size": classes, "period": period},
    ]


def _projections(c: Constants, f: float, zero: float) -> list[dict[str, Any]]:
    """Those of configs/mnist.yaml; `zero` is the resource of weight 0."""
    drawn = {"uniform": (zero * (1 - c.spread), zero * (1 + c.spread))}
    within = {"kind": "gating", "connection": "within_columns"}
    each = {"connection": "one_to_one"}
    seen = {
        "kind": "plastic",
        "connection": "all_to_all",
        "source_fraction": c.source_fraction,
        "initial_resource": drawn,
    }
    return [
        {"source": "R", "target": "L"} | seen,
        {"source": "L", "target": "L", "weight": -GATE} | within,
        {"source": "Target", "target": "L", "kind": "reward", "weight": c.reward * f, "delay": 3} | each,
        {"source": "L", "target": "OUT", "weight": 10} | each,
        {"source": "OUT", "target": "BIASGATE", "kind": "gating", "weight": -GATE} | each,
        {"source": "BIASGATE", "target": "OUT", "kind": "gating", "weight": -3} | each,
        {"source": "Target", "target": "BIASGATE", "weight": 20} | each,
        {"source": "BIASGATE", "target": "L", "weight": 10} | each,
    ]
