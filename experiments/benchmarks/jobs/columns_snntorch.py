"""The column network in snnTorch, in single precision: the leak keeps the fractions that docs/model.md cuts off.

The static form runs 100 stretches of images side by side, which is what the library is made for. What learns shows
its images one after another.
"""

import time

import numpy as np
import snntorch as snn
import torch
from columns_torch import LANES, Learner, matrix
from columns_work import BEFORE, answer, answers, opened, run, stretches, within


def neurons(beta, threshold):
    """Leaky neurons that are zero after their spike."""
    limits = torch.as_tensor(np.asarray(threshold, dtype=np.float32))
    return snn.Leaky(beta=beta, threshold=limits, reset_mechanism="zero", reset_delay=False)


def main(work, spikes, folder):
    """CPU seconds of the steps that count."""
    torch.set_num_threads(1)
    stored, told = opened(work)
    lanes = 1 if told["learning"] else LANES
    rows = torch.as_tensor(stretches(stored, told, lanes)).float()
    weight = torch.as_tensor(stored["weight"].astype(np.float32))
    columns = neurons(told["leak"] / 1024, stored["threshold"])
    out = neurons(0.0, np.full(told["classes"], told["base"]))
    lateral = matrix((told["neurons"], told["neurons"]), within(told), told["inhibition"])
    feed = matrix((told["neurons"], told["classes"]), answers(told), told["feed"])
    learner = Learner(stored, told) if told["learning"] else None
    u, v = torch.zeros(lanes, told["neurons"]), torch.zeros(lanes, told["classes"])
    seen, fired = torch.zeros(lanes, told["nodes"]), torch.zeros(lanes, told["neurons"])
    kept, began = [], time.process_time()
    with torch.no_grad():
        for step in range(-BEFORE, told["steps"] // lanes):
            if step == 0:
                began = time.process_time()
            answered, v = out(fired @ feed, v)
            fired, u = columns(seen @ weight + fired @ lateral + told["bias"], u)
            seen = rows[:, BEFORE + step]
            if learner:
                learner.own_spikes(step, fired[0], weight)
                learner.inputs(step, seen[0])
            kept.append(torch.cat([fired, answered], dim=1).bool())
    spent = time.process_time() - began
    found = torch.stack(kept[BEFORE:])
    step, lane, neuron = torch.nonzero(found, as_tuple=True)
    return answer(spikes, [(lane * len(found) + step, neuron, 0)], spent, share=1 - told["warm"] / told["steps"])


if __name__ == "__main__":
    run(main)
