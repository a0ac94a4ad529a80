"""One recurrent network with fixed weights in colanet, Brian2 and NEST: the same synapses, the same input spikes.

Every simulator computes the integers of docs/model.md, so that all spikes can be compared.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from colanet import load
from colanet.encoding import build_sources
from colanet.errors import ConfigError
from colanet.plan import Plan, build
from colanet.units import BASE_THRESHOLD, POTENTIAL_LIMIT
from experiments.benchmarks.timing import Result, in_turns, job, lowest, middle, say

COLANET = "colanet, numba"
PEERS = {
    "Brian2, C++ standalone": ("brian2_job", ("brian2",), {"target": "cpp_standalone"}),
    "Brian2, Cython": ("brian2_job", ("brian2",), {"target": "cython"}),
    "NEST, neuron by NESTML": ("nest_job", ("nest", "pynestml"), {}),
}
"""Script, modules it imports, and what it is told besides the work."""
PACKAGES = {"brian2": "brian2", "nest": "nest-simulator", "pynestml": "nestml"}
MISSING = '{} is not installed: pip install "colanet[peers]", see docs/peers.md'
WARM = 100
"""Steps that run before the time is taken."""


def measure(network: Path, steps: int, rounds: int, peers: bool = True) -> Result:
    """Microseconds of CPU time a step, set-up and compilation apart, and the spikes compared with colanet's.

    Parameters
    ----------
    network : Path
        A configuration of fixed projections among populations with leak and ramp.
    steps, rounds : int
        Each round runs all the steps, in a fresh process.
    peers : bool
        Whether other simulators run too.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        events = write_work(folder / "work.npz", network, steps)
        warm = min(WARM, steps // 2)
        jobs, missing = _jobs(folder, peers, warm)
        cold = in_turns(jobs, 1)
        found = in_turns(jobs, rounds)
        made = found[COLANET][0]["events"]
        rows = [
            {
                "simulator": simulator,
                "step_microseconds": 1e6 * middle(runs, "run_seconds") / (steps - warm),
                "lowest_microseconds": 1e6 * lowest(runs, "run_seconds") / (steps - warm),
                "events_a_second": made / middle(runs, "run_seconds"),
                "bytes": middle(runs, "bytes"),
                "setup_seconds": middle(runs, "total_seconds") - middle(runs, "run_seconds"),
                "compile_seconds": max(0.0, cold[simulator][0]["total_seconds"] - middle(runs, "total_seconds")),
                "agreement": agreement(_spikes(folder, COLANET), _spikes(folder, simulator)),
            }
            for simulator, runs in found.items()
        ]
    return {"network": network.name, "steps": steps, "rounds": rounds, "input_events_per_step": events,
            "rows": rows, "missing": missing}  # fmt: skip


def packages() -> list[str]:
    """Distributions of the other simulators that are installed here."""
    return [package for module, package in PACKAGES.items() if find_spec(module)]


def _jobs(folder: Path, peers: bool, warm: int) -> tuple[dict[str, Callable[[], Result]], list[str]]:
    """The jobs by their simulators, and a line for each one that is missing."""

    def one(simulator: str, script: str, told: dict[str, Any]) -> Callable[[], Result]:
        place = folder / simulator.replace(" ", "_").replace(",", "")
        place.mkdir()
        work = {"work": str(folder / "work.npz"), "spikes": str(_path(folder, simulator)), "warm": warm}
        if script == "colanet_job":
            return partial(job, script, work | told, environment={"NUMBA_CACHE_DIR": str(place)})
        return partial(job, script, work | told | {"folder": str(place)})

    there, missing = installed(PEERS if peers else {}, PACKAGES, find_spec)
    jobs = {COLANET: one(COLANET, "colanet_job", {"do": "recurrent"})}
    return jobs | {name: one(name, script, told) for name, (script, told) in there.items()}, missing


def installed(
    simulators: Mapping[str, tuple[str, tuple[str, ...], dict[str, Any]]],
    packages: Mapping[str, str],
    find: Callable[[str], Any],
) -> tuple[dict[str, tuple[str, dict[str, Any]]], list[str]]:
    """Script and words of each simulator whose modules are there, and a line for each one that is missing."""
    there, missing = {}, []
    for simulator, (script, modules, told) in simulators.items():
        lacking = [packages[module] for module in modules if not find(module)]
        if lacking:
            missing.append(f"{simulator}: " + MISSING.format(" and ".join(lacking)))
            say(missing[-1])
        else:
            there[simulator] = script, told
    return there, missing


def _path(folder: Path, simulator: str) -> Path:
    return folder / f"{simulator}.npy"


def _spikes(folder: Path, simulator: str) -> np.ndarray:
    rows: np.ndarray = np.load(_path(folder, simulator))
    return rows


def agreement(ours: np.ndarray, theirs: np.ndarray) -> dict[str, Any]:
    """How many spikes there are, how many of them in both, and the first step that differs (None: all agree).

    Parameters
    ----------
    ours, theirs : ndarray of int64, shape (n_spikes, 2)
        Step and neuron.
    """
    a, b = (set(map(tuple, rows.tolist())) for rows in (ours, theirs))
    first = min((step for step, _ in a ^ b), default=None)
    return {"spikes": len(b), "in_both": len(a & b), "first_difference": first}


def write_work(path: Path, network: Path, steps: int, seed: int = 0) -> float:
    """Write the network as arrays, with the spikes of its inputs, for all simulators; input arrivals a step.

    The file holds ``told``, a JSON object with the constants of populations and projections; ``pre``, ``post``,
    ``delay`` of each projection by its number; ``ptr``, ``index`` of each input, as `InputSpikes` has them.
    """
    described = load(network)
    shown = build_sources(described.inputs, base_dir=network.parent, seed=seed)
    plan = build(described, input_sizes={s.name: s.size for s in shown.sources}, seed=seed)
    check(plan)
    inputs, populations = [name for name, _ in plan.inputs], [p.name for p in plan.populations]
    told = {
        "network": str(network.resolve()),
        "seed": seed,
        "steps": steps,
        "base": BASE_THRESHOLD,
        "inputs": [{"name": name, "size": size} for name, size in plan.inputs],
        "populations": [
            {"name": p.name, "size": p.size, "start": p.start, "leak": p.leak, "increment": p.ramp_increment,
             "decay": max(p.ramp_period, 1)}
            for p in plan.populations
        ],
        "projections": [
            {"source": (inputs if p.from_input else populations)[p.source], "target": populations[p.target],
             "weight": p.weight}
            for p in plan.projections
        ],
    }  # fmt: skip
    arrays: dict[str, Any] = {"told": np.array(json.dumps(told))}
    for n, source in enumerate(shown.sources):
        arrays[f"ptr{n}"], arrays[f"index{n}"] = source.spikes(0, steps)
    events = 0
    for p in plan.projections:
        synapses = plan.synapses(p.index)
        for word in ("pre", "post", "delay"):
            arrays[f"{word}{p.index}"] = getattr(synapses, word)
        if p.from_input:
            fan_out = np.bincount(synapses.pre, minlength=p.source_size)
            events += int(fan_out[arrays[f"index{p.source}"]].sum())
    np.savez(path, **arrays)
    return events / steps


def check(plan: Plan) -> None:
    """Refuse what the neurons of the other simulators do not have. ConfigError."""
    for p in plan.populations:
        more = (p.winner_take_all, p.kick, p.bias, p.subtract, p.alpha, p.reset_period, p.memory_period, p.gated,
                p.plasticity, p.floor != -POTENTIAL_LIMIT)  # fmt: skip
        if any(more):
            raise ConfigError(f"population {p.name}: has more than leak and ramp, expected nothing else")
    for projection in plan.projections:
        if projection.kind != "fixed":
            raise ConfigError(f"projection {projection.name}: {projection.kind}, expected fixed")
