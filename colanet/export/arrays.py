"""The format `arrays`: NumPy's arrays and a list of them in JSON, to be read without colanet."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from colanet.atomic import atomic_path, write_text
from colanet.inspection import thresholds
from colanet.plan import Plan, PopulationPlan, ProjectionPlan
from colanet.plan.variables import State
from colanet.version import __version__

FORMAT = "colanet arrays 1"
ARRAYS, MANIFEST = "arrays.npz", "manifest.json"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""Time of every member, so that the archive depends on its content only."""

POTENTIAL, RESOURCE, STEPS, INDEX = "1/1000 of the potential unit", "2^-20", "steps", "index"
_WEIGHT_UNITS = {"fixed": POTENTIAL, "plastic": POTENTIAL, "gating": STEPS, "reward": RESOURCE}

Named = tuple[str, np.ndarray, str]
"""Key, array, unit."""


def arrays(plan: Plan, state: State, folder: Path) -> list[Path]:
    """NumPy arrays (arrays.npz) of synapses, weights, resources, thresholds, and manifest.json with their units.

    Parameters
    ----------
    plan : Plan
    state : State
    folder : Path

    Returns
    -------
    list of Path
        The archive and the manifest, which is written last.
    """
    archive, listed = folder / ARRAYS, {}
    with atomic_path(archive) as temporary:
        with zipfile.ZipFile(temporary, "w") as file:
            for key, array, unit in _named(plan, state):
                listed[key] = _describe(array, unit)
                with file.open(zipfile.ZipInfo(f"{key}.npy", _LONG_AGO), "w", force_zip64=True) as member:
                    member.write(_npy(array))
        with open(temporary, "rb") as whole:
            found = _sha(whole)
    manifest = folder / MANIFEST
    write_text(manifest, json.dumps(_manifest(plan, listed, found), indent=1, ensure_ascii=False) + "\n")
    return [archive, manifest]


def _named(plan: Plan, state: State) -> Iterator[Named]:
    for projection in plan.projections:
        for copy in range(plan.copies if projection.random else 1):
            synapses = plan.synapses(projection.index, copy)
            start = f"{copy}/{projection.name}" if projection.random else projection.name
            yield f"{start}/pre", synapses.pre, INDEX
            yield f"{start}/post", synapses.post, INDEX
            yield f"{start}/delay", synapses.delay, STEPS
    for copy in range(plan.copies):
        for projection in plan.projections:
            if projection.kind == "plastic":
                resource = state[f"{copy}/{projection.name}/resource"]
                rule = plan.populations[projection.target].rule
                yield f"{copy}/{projection.name}/weight", rule.weights(resource), POTENTIAL
                yield f"{copy}/{projection.name}/resource", resource, RESOURCE
        for population in plan.populations:
            yield f"{copy}/{population.name}/threshold", thresholds(plan, state, population.name, copy), POTENTIAL
            yield f"{copy}/{population.name}/potential", state[f"{copy}/{population.name}/potential"], POTENTIAL


def _npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, _little(array), allow_pickle=False)
    return out.getvalue()


def _little(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))


def _describe(array: np.ndarray, unit: str) -> dict[str, Any]:
    plain = _little(array)
    sha256 = hashlib.sha256(plain.tobytes()).hexdigest()
    return {"shape": list(plain.shape), "dtype": plain.dtype.str, "unit": unit, "sha256": sha256}


def _manifest(plan: Plan, listed: dict[str, Any], sha256: str) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "colanet": __version__,
        "file": ARRAYS,
        "sha256": sha256,
        "seed": plan.seed,
        "copies": plan.copies,
        "inputs": [{"name": name, "size": size} for name, size in plan.inputs],
        "populations": [_population(p) for p in plan.populations],
        "projections": [_projection(plan, p) for p in plan.projections],
        "arrays": listed,
        "configuration": plan.description.model_dump(mode="json"),
    }


def _population(p: PopulationPlan) -> dict[str, Any]:
    return {
        "name": p.name,
        "size": p.size,
        "columns": p.columns,
        "winner_take_all": p.winner_take_all,
        "leak": {"value": p.leak, "unit": "1/1024 of the potential that stays, each step"},
        "min_potential": {"value": p.floor, "unit": POTENTIAL},
        "threshold_weight_factor": {"value": p.alpha, "unit": RESOURCE},
        "reset": "subtract" if p.subtract else "zero",
    }


def _projection(plan: Plan, p: ProjectionPlan) -> dict[str, Any]:
    constant = {"weight": {"value": p.weight, "unit": _WEIGHT_UNITS[p.kind]}} if p.kind != "plastic" else {}
    return {
        "name": p.name,
        "kind": p.kind,
        "source": plan.source_name(p),
        "source_size": p.source_size,
        "target": plan.populations[p.target].name,
        "target_size": p.target_size,
        "drawn_for_each_copy": p.random,
        **constant,
    }


def _sha(file: BinaryIO) -> str:
    total = hashlib.sha256()
    while block := file.read(1 << 20):
        total.update(block)
    return total.hexdigest()
