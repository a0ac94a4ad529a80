"""One column network in colanet and in other simulators: the same weights, the same spikes of MNIST.

Columns of neurons that inhibit each other get all pixels, and excite one neuron a class. The first form is static:
weights that CoLaNET has learnt, and a threshold of its own for every neuron. The second one learns: a spike of a
neuron raises the resources of the synapses that brought it a spike lately, the first half of CoLaNET's rule.

What only colanet has is left out: the best neuron alone fires, gates, rewards, stability, renormalisation.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from colanet import Session, load
from colanet.encoding import build_sources
from colanet.plan import Plan, build
from colanet.plan.fixed import in_resources, weight_threshold
from experiments.benchmarks.recurrent import agreement, installed
from experiments.benchmarks.timing import ROOT, Result, in_turns, job, lowest, middle

TRAINED = ROOT / "configs" / "mnist.yaml"
NETWORK = """
inputs:
  - {{name: R, kind: image, source: mnist, shape: [28, 28, 1], period: 20, presentation: 10, coding: poisson}}
  - {{name: Target, kind: object_target, size: 10, target_file: mnist, learning_time: 1200000, period: 20}}
populations:
  - name: L
    size: 150
    columns: 10
    tau_m: 5
    bias: {bias}
    w_min: {w_min}
    w_max: {w_max}
    threshold_weight_factor: {factor}
    hebbian_rate: {rate}
    hebbian_window: 3
    isi_max: 0
    virtual_synapses: -1
  - {{name: OUT, size: 10}}
projections:
  - {{source: R, target: L, kind: plastic, connection: all_to_all, initial_resource: {resource}}}
  - {{source: L, target: L, connection: within_columns, weight: {inhibition}}}
  - {{source: L, target: OUT, connection: one_to_one, weight: 10}}
"""
STATIC, PLASTIC = "static", "learning"
FORMS = (STATIC, PLASTIC)
DRAWN = "{uniform: [0.9, 1.4]}"
"""Resources at the start of the form that learns; weights near zero, and no two neurons alike."""
COLANET = "colanet, numba"
WARM = 20
"""Images before the time is taken."""

PEERS: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {
    "Brian2, C++ standalone": ("columns_brian2", ("brian2",), {"target": "cpp_standalone"}),
    "Brian2, Cython": ("columns_brian2", ("brian2",), {"target": "cython"}),
    "ANNarchy": ("columns_annarchy", ("ANNarchy",), {}),
    "NEST, by NESTML": ("columns_nest", ("nest", "pynestml"), {}),
    "BindsNET": ("columns_bindsnet", ("bindsnet",), {}),
    "snnTorch": ("columns_snntorch", ("snntorch",), {}),
}
"""Script, modules it imports, and what it is told besides the work."""
PACKAGES = {
    "brian2": "brian2", "nest": "nest-simulator", "pynestml": "nestml", "ANNarchy": "ANNarchy",
    "bindsnet": "bindsnet", "snntorch": "snntorch",
}  # fmt: skip


def measure(images: int, train: int, rounds: int, peers: bool = True, data: Path | None = None) -> Result:
    """CPU time an image, memory, and the spikes compared with colanet's, in both forms of the network.

    Parameters
    ----------
    images : int
        Shown while the time is taken.
    train : int
        Training images of MNIST that the weights of the static form are learnt from.
    rounds : int
        Each round runs every simulator in a fresh process.
    peers : bool
        Whether other simulators run too.
    data : Path or None
        Where to look for data sets first.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        labels, events = write_work(folder, images + WARM, train, data)
        jobs, missing = _jobs(folder, peers)
        cold = in_turns(jobs, 1)
        found = in_turns(jobs, rounds)
        rows = []
        for key, runs in found.items():
            form, _, simulator = key.partition("/")
            rows.append(_row(folder, form, simulator, runs, cold[key][0], labels, events[form]))
    return {"images": images, "train": train, "rounds": rounds, "rows": rows, "missing": missing}


def _row(
    folder: Path, form: str, simulator: str, runs: list[Result], cold: Result, labels: np.ndarray, events: int
) -> Result:
    images, spikes = len(labels) - WARM, np.load(_path(folder, form, simulator))
    spent = middle(runs, "run_seconds")
    return {
        "form": form,
        "simulator": simulator,
        "image_microseconds": 1e6 * spent / images,
        "lowest_microseconds": 1e6 * lowest(runs, "run_seconds") / images,
        "events_a_second": events / spent,
        "bytes": middle(runs, "bytes"),
        "setup_seconds": middle(runs, "total_seconds") - spent,
        "compile_seconds": max(0.0, cold["total_seconds"] - middle(runs, "total_seconds")),
        "agreement": agreement(np.load(_path(folder, form, COLANET)), spikes),
        "accuracy": accuracy(spikes, labels),
    }


def accuracy(spikes: np.ndarray, labels: np.ndarray, period: int = 20, first: int = 150) -> float:
    """Share of images whose class has most spikes of OUT; the lowest class on a tie, none without a spike.

    Parameters
    ----------
    spikes : ndarray of int64, shape (n_spikes, 2)
        Step and neuron; neurons from `first` on are those of OUT.
    labels : ndarray of int64, shape (n_images,)
    """
    out = spikes[spikes[:, 1] >= first]
    counts = np.zeros((len(labels), 10), dtype=np.int64)
    np.add.at(counts, (out[:, 0] // period, out[:, 1] - first), 1)
    return float(((counts.argmax(axis=1) == labels) & (counts.max(axis=1) > 0)).mean())


def packages() -> list[str]:
    """Distributions of the other simulators that are installed here."""
    return [package for module, package in PACKAGES.items() if find_spec(module)]


def _path(folder: Path, form: str, simulator: str) -> Path:
    return folder / f"{form} {simulator}.npy"


def _jobs(folder: Path, peers: bool) -> tuple[dict[str, Callable[[], Result]], list[str]]:
    """The jobs by form and simulator, and a line for each simulator that is missing."""
    others, missing = installed(PEERS if peers else {}, PACKAGES, find_spec)
    there = {COLANET: ("colanet_job", {"do": "columns"})} | others
    jobs: dict[str, Callable[[], Result]] = {}
    for form in FORMS:
        for simulator, (script, told) in there.items():
            place = folder / f"{form}_{simulator.replace(' ', '_').replace(',', '').replace('+', 'p')}"
            place.mkdir()
            request = {"work": str(folder / f"{form}.npz"), "spikes": str(_path(folder, form, simulator)), **told}
            where = {"NUMBA_CACHE_DIR": str(place)}
            if simulator != COLANET:
                request["folder"] = str(place)
            jobs[f"{form}/{simulator}"] = partial(job, script, request, environment=where)
    return jobs, missing


# ------------------------------------------------------------------- the same work


def write_work(folder: Path, images: int, train: int, data: Path | None) -> tuple[np.ndarray, dict[str, int]]:
    """Write both forms as arrays, with the spikes of the images; their labels, and events after the first images.

    A file holds ``told``, a JSON object with all constants as integers of docs/model.md; ``ptr``, ``index``:
    spikes of the pixels, as `InputSpikes` has them; ``resource`` and ``weight`` of shape (784, 150), ``threshold``
    of shape (150,).
    """
    trained = load(TRAINED)
    learnt = Session(trained, base_dir=TRAINED.parent, copies=1, train=train, test=0, data_dir=data, threads=1)
    learnt.proceed()
    (population,) = (p for p in trained.populations if p.name == "L")
    constants = {"w_min": population.w_min, "w_max": population.w_max}
    # Without random kicks a constant takes their place, 0.7 of the largest.
    static = constants | {"bias": 0.7 * population.noise_amplitude, "factor": population.threshold_weight_factor,
                          "rate": 0, "resource": DRAWN, "inhibition": -2}  # fmt: skip
    plastic = constants | {"bias": 0, "factor": 0, "rate": 0.0005, "resource": DRAWN, "inhibition": -10}
    events = {}
    for form, told in ((STATIC, static), (PLASTIC, plastic)):
        path = folder / f"{form}.yaml"
        path.write_text(NETWORK.format(**told))
        described = load(path)
        shown = build_sources(described.inputs, base_dir=folder, data_dir=data, n_train=0, n_test=images)
        plan = build(described, input_sizes={s.name: s.size for s in shown.sources})
        resource = _resources(learnt.plan, learnt.engine.state()) if form == STATIC else plan.resources(0, 0)
        arrays: dict[str, Any] = _arrays(plan, resource.reshape(784, 150))
        labels = shown.labels
        arrays["ptr"], arrays["index"] = shown.sources[0].spikes(0, images * 20)
        arrays["told"] = np.array(json.dumps(_told(plan, form, path, images)))
        np.savez(folder / f"{form}.npz", **arrays)
        events[form] = 150 * int(arrays["ptr"][-1] - arrays["ptr"][WARM * 20])
    assert labels is not None
    return labels, events


def _resources(plan: Plan, state: dict[str, np.ndarray]) -> np.ndarray:
    (key,) = (key for key in state if key.endswith(f"{plan.projections[0].name}/resource"))
    return state[key]


def _arrays(plan: Plan, resource: np.ndarray) -> dict[str, np.ndarray]:
    population = plan.populations[0]
    weight = population.rule.weights(resource)
    positive = np.maximum(weight, 0).astype(np.int64).sum(axis=0)
    threshold = weight_threshold(population.alpha, positive)
    return {"resource": resource, "weight": weight, "threshold": threshold}


def _told(plan: Plan, form: str, path: Path, images: int) -> dict[str, Any]:
    population, out = plan.populations
    rule, (_, within, feed) = population.rule, plan.projections
    return {
        "network": str(path), "steps": images * 20, "warm": WARM * 20, "learning": form == PLASTIC,
        "nodes": plan.inputs[0][1], "neurons": population.size, "columns": population.columns, "classes": out.size,
        "leak": population.leak, "bias": population.bias, "inhibition": within.weight, "feed": feed.weight,
        "base": int(weight_threshold(0, np.zeros(1, dtype=np.int64))[0]), "rate": rule.hebbian,
        "window": rule.hebbian_window, "limit": rule.resource_limit, "w_min": rule.w_min,
        "span": rule.w_max - rule.w_min, "span_resource": in_resources(rule.w_max - rule.w_min),
    }  # fmt: skip
