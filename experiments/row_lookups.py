"""How many rows of sparse synapses the CUDA engine looks up in a step, and how busy its warps are:

    python -m experiments.row_lookups configs/recurrent.yaml

Counted from the spikes of a run, not measured, for two ways of delivering fixed projections with several delays.
"every delay" looks, for each delay, at all sources that spiked so long ago, a whole warp a row. "pushed" looks once
at each source that spiked in the step before, `lanes` threads a row.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import colanet
from colanet.engine.cuda.tables import WARP, Tables
from colanet.session import Recording, Session
from colanet.units import MAX_DELAY


def spiked(session: Session, projection: np.void, first: int, stop: int) -> list[np.ndarray]:
    """Sources of a projection that spiked at each of the steps first..stop-1."""
    source = int(projection["source"])
    if projection["from_input"]:
        ptr, index = session.presentation.sources[source].spikes(first, stop)
        return np.split(index, ptr[1:-1])
    step, neuron = session.spikes(session.plan.populations[source].name).T
    return [neuron[step == s] for s in range(first, stop)]


def every_delay(lengths: np.ndarray) -> tuple[int, int]:
    """Look-ups and warp iterations of the spikes of one step, whose rows have these lengths a source and delay."""
    return lengths.size, int((-(-lengths // WARP)).sum())


def pushed(lengths: np.ndarray, lanes: int) -> tuple[int, int]:
    """Likewise where a source's delays are one row and each warp takes several sources at a time."""
    rounds = -(-lengths.sum(axis=1) // lanes)
    together = WARP // lanes
    rounds = np.append(rounds, np.zeros(-len(rounds) % together, dtype=rounds.dtype))
    return len(lengths), int(rounds.reshape(-1, together).max(axis=1, initial=0).sum())


def count(path: Path, first: int, steps: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Look-ups and warp iterations a step of both ways, and synapses hit, over `steps` steps from `first` on."""
    session = Session(colanet.load(path), base_dir=path.parent, copies=1, recording=Recording())
    session.run(first + steps)
    tables = Tables([session.plan])
    old, new, synapses = np.zeros(2), np.zeros(2), 0
    for projection in tables.projections()[0]:
        if not projection["pushed"]:
            continue
        delays = int(projection["delay_max"] - projection["delay_min"]) + 1
        at, size = int(projection["row"]), int(projection["source_size"])
        lengths = np.diff(tables.distinct[0].row[at : at + size * delays + 1]).reshape(size, delays)
        for sources in spiked(session, projection, first, first + steps):
            # The spikes of one step, whenever they are looked at; in the mean of many steps it is the same.
            old += every_delay(lengths[sources])
            new += pushed(lengths[sources], int(projection["lanes"]))
            synapses += int(lengths[sources].sum())
    return old / steps, new / steps, synapses / steps


def main(arguments: list[str]) -> None:
    """Print the counts of one configuration as a table."""
    if len(arguments) != 1:
        sys.exit("one configuration is needed: python -m experiments.row_lookups configs/recurrent.yaml")
    old, new, synapses = count(Path(arguments[0]), 10 * MAX_DELAY, 500)
    print(f"{synapses:,.0f} synapses are hit a step.\n")
    print("| way | row look-ups a step | warp iterations a step |\n| --- | --- | --- |")
    print(f"| every delay | {old[0]:,.0f} | {old[1]:,.0f} |")
    print(f"| pushed | {new[0]:,.0f} | {new[1]:,.0f} |")


if __name__ == "__main__":
    main(sys.argv[1:])
