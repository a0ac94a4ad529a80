"""What the jobs of the column network share: its work file, the matrices of its columns, and their answer."""

import json
import sys

import numpy as np
from peak import highest_memory

BEFORE = 20
"""Steps of a stretch before those that count."""


def opened(path):
    """Arrays and constants of a work file."""
    stored = dict(np.load(path))
    return stored, json.loads(str(stored.pop("told")))


def column(told, of):
    """Column of every neuron of L, or of OUT."""
    return np.arange(told[of]) // (told[of] // told["columns"])


def within(told):
    """Pairs of neurons of L in one column, but none of a neuron with itself: source and target."""
    of = column(told, "neurons")
    return np.nonzero((of[:, None] == of) & ~np.eye(told["neurons"], dtype=bool))


def answers(told):
    """Pairs of a neuron of L and the neuron of OUT of its class."""
    return np.nonzero(column(told, "neurons")[:, None] == column(told, "classes"))


def dense(stored, told):
    """Input spikes as bool of shape (steps, nodes)."""
    rows = np.zeros((told["steps"], told["nodes"]), dtype=bool)
    rows[np.repeat(np.arange(told["steps"]), np.diff(stored["ptr"])), stored["index"]] = True
    return rows


def weights_of(resource, told):
    """Weights of resources in 1/1000, by docs/model.md, section 10; float64 holds all of these integers exactly."""
    positive = np.maximum(resource, 0.0)
    total = told["span_resource"] + positive
    return told["w_min"] + np.floor((2 * told["span"] * positive + total) / (2 * total))


def stretches(stored, told, lanes):
    """Input spikes cut into stretches that run side by side, as bool of shape (lanes, BEFORE + steps, nodes).

    Each one begins with the end of the one before it, so that its neurons are as they would be then.
    """
    rows = dense(stored, told)
    rows = np.concatenate([np.zeros((BEFORE, told["nodes"]), dtype=bool), rows])
    steps = told["steps"] // lanes
    return np.stack([rows[lane * steps : (lane + 1) * steps + BEFORE] for lane in range(lanes)])


def answer(path, parts, seconds, share=1.0):
    """Store the spikes of L and of OUT, in order of steps and neurons; what the benchmark wants to know.

    Parameters
    ----------
    path : str
    parts : sequence of (steps, neurons, first)
        Of each population: when, who, and the number of its first neuron.
    seconds : float
        CPU time.
    share : float
        Of the steps that the time was taken for, those that count.
    """
    rows = np.concatenate([
        np.stack([np.asarray(steps, np.int64), np.asarray(neurons, np.int64) + first], axis=1)
        for steps, neurons, first in parts
    ])  # fmt: skip
    np.save(path, rows[np.lexsort((rows[:, 1], rows[:, 0]))])
    return {"run_seconds": seconds * share, "bytes": highest_memory()}


def run(main):
    """Call a job with its request, and print its answer as the last line."""
    print("\n" + json.dumps(main(**json.loads(sys.argv[1]))))
