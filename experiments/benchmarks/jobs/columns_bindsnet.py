"""The column network in BindsNET, in single precision: the leak keeps the fractions that docs/model.md cuts off.

The static form runs 100 stretches of images side by side, which the library can. What learns shows its images one
after another.
"""

import math
import time
import warnings

import numpy as np
import torch
from columns_torch import LANES, Learner, matrix
from columns_work import BEFORE, answer, answers, opened, run, stretches, within

warnings.filterwarnings("ignore")  # of what it imports

from bindsnet.learning.learning import LearningRule  # noqa: E402
from bindsnet.network import Network  # noqa: E402
from bindsnet.network.monitors import Monitor  # noqa: E402
from bindsnet.network.nodes import Input, LIFNodes  # noqa: E402
from bindsnet.network.topology import Connection  # noqa: E402


class OwnSpikes(LearningRule):
    """The rule of `Learner` at the place that the library has for rules."""

    def __init__(self, connection, learner=None, **more):
        super().__init__(connection, nu=1.0)
        self.learner, self.step = learner, 0

    def update(self, **more):
        self.learner.own_spikes(self.step, self.target.s[0], self.connection.w)
        self.learner.inputs(self.step, self.source.s[0])
        self.step += 1


def neurons(size, leak, threshold):
    """Neurons without a refractory period. They fire at their threshold, colanet's above it."""
    decay = -1 / math.log(leak / 1024) if leak else 1e-9
    limits = torch.as_tensor(np.asarray(threshold) + 0.5)
    return LIFNodes(n=size, thresh=limits, rest=0.0, reset=0.0, refrac=0, tc_decay=decay)


def network_of(stored, told, lanes):
    """The network with a monitor of each population."""
    network = Network(dt=1.0, batch_size=lanes, learning=told["learning"])
    columns = neurons(told["neurons"], told["leak"], stored["threshold"])
    pixels, out = Input(n=told["nodes"]), neurons(told["classes"], 0, np.full(told["classes"], told["base"]))
    for layer, name in ((pixels, "R"), (columns, "L"), (out, "OUT")):
        network.add_layer(layer, name)
    learnt = Connection(pixels, columns, w=torch.as_tensor(stored["weight"].astype(np.float32)),
                        b=torch.full((told["neurons"],), float(told["bias"])))  # fmt: skip
    if told["learning"]:
        learnt.update_rule = OwnSpikes(learnt, Learner(stored, told))
    network.add_connection(learnt, "R", "L")
    lateral = matrix((told["neurons"], told["neurons"]), within(told), told["inhibition"])
    network.add_connection(Connection(columns, columns, w=lateral), "L", "L")
    feed = matrix((told["neurons"], told["classes"]), answers(told), told["feed"])
    network.add_connection(Connection(columns, out, w=feed), "L", "OUT")
    monitors = []
    for layer, name in ((columns, "L"), (out, "OUT")):
        monitors.append(Monitor(layer, ["s"], time=None))
        network.add_monitor(monitors[-1], name)
    return network, monitors


def main(work, spikes, folder):
    """CPU seconds of the steps that count."""
    torch.set_num_threads(1)
    stored, told = opened(work)
    lanes = 1 if told["learning"] else LANES
    rows = torch.as_tensor(stretches(stored, told, lanes)).transpose(0, 1)
    steps, parts, spent = told["steps"] // lanes, [], 0.0
    with torch.no_grad():
        network, monitors = network_of(stored, told, lanes)
        network.run({"R": rows[:BEFORE]}, time=BEFORE)
        for monitor in monitors:
            monitor.reset_state_variables()
        began = time.process_time()
        network.run({"R": rows[BEFORE:]}, time=steps)
        spent = time.process_time() - began
        for monitor, first in zip(monitors, (0, told["neurons"]), strict=True):
            step, lane, neuron = torch.nonzero(monitor.get("s"), as_tuple=True)
            parts.append((lane * steps + step, neuron, first))
    return answer(spikes, parts, spent, share=1 - told["warm"] / told["steps"])


if __name__ == "__main__":
    run(main)
