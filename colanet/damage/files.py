"""A saved network, damaged, in another file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from colanet import contents
from colanet.checkpoints import KEPT, saved
from colanet.damage.chance import NORMAL_Q, count
from colanet.damage.networks import Damage, learning, noise_size, plastic
from colanet.errors import CheckpointError, ConfigError
from colanet.plan import Plan
from colanet.plan.variables import State
from colanet.storage import read_h5, write_h5
from colanet.units import MILLI


def damage_file(path: str | os.PathLike[str], out: str | os.PathLike[str], damage: Damage) -> list[str]:
    """Write the damaged network of a saved state as a saved state; what was done, one line each.

    Raises
    ------
    CheckpointError
        If the file is no saved state or is damaged itself.
    ConfigError
        If the network cannot be damaged so, or `out` is the same file.
    OutputError
        If `out` cannot be written.
    """
    if Path(out).resolve() == Path(path).resolve():
        raise ConfigError(f"{os.fspath(out)}: expected another file than the network that is damaged")
    attributes = read_h5(path)[1]
    contents.check_kind(path, attributes, ("state",), "a saved state")
    plan, state, _, kept = saved(path)
    before = contents.text(path, attributes, "damage") if "damage" in attributes else "[]"
    try:
        history = [*json.loads(before), asdict(damage)]
    except (ValueError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{os.fspath(path)}: damaged, its list of damage cannot be read") from error
    damaged, told = damage.of(plan, state), list(_told(plan, state, damage))
    beside = {KEPT + name: array for name, array in kept.items()}
    write_h5(out, damaged | beside, attributes | {"damage": json.dumps(history)})
    return told


def _told(plan: Plan, state: State, damage: Damage) -> Iterator[str]:
    each = "in each copy" if plan.copies > 1 else "in its one copy"
    for p in plastic(plan):
        n = plan.count(p.index)
        yield f"synapses of {p.name}: {count(damage.dead_synapses, n):,} of {n:,} dead {each}"
        weights = plan.populations[p.target].rule.weights(state[f"0/{p.name}/resource"]).astype(np.int64)
        spread, size = (noise_size(weights, level) / (MILLI << NORMAL_Q) for level in (1, damage.weight_noise))
        yield f"weights of {p.name}: s.d. {spread:.4f}, s.d. of the noise {size:.4f} (copy 0)"
    for q in learning(plan):
        yield f"neurons of {q.name}: {count(damage.dead_neurons, q.size):,} of {q.size:,} dead {each}"
