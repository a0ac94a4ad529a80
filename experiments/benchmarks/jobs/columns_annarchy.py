"""The column network in ANNarchy. All numbers are integers, which double precision holds exactly.

A spike of a step is summed in the next one, before the neurons are updated, as in docs/model.md. A neuron learns
from its own spike at the end of a step.
"""

import time

import ANNarchy as ann
import numpy as np
from columns_work import answer, answers, opened, run, within

NEURON = {
    "parameters": "leak = 0.0 : population\nbias = 0.0 : population\nlimit = 0.0",
    "equations": """
        kept = floor(fabs(u) * leak / 1024)
        u = ite(u < 0, -kept, kept) + bias + g_exc
    """,
    "spike": "u > limit",
    "reset": "u = 0.0",
}
LEARNING = {
    "parameters": """
        rate = 0.0 : projection
        window = 0.0 : projection
        w_low = 0.0 : projection
        span = 0.0 : projection
        span_resource = 0.0 : projection
        limit_resource = 0.0 : projection
        resource = 0.0
        total = 0.0
        last = -100000.0
    """,
    "pre_spike": "g_target += w\nlast = t",
    "post_spike": """
        resource = ite(t - last <= window, clip(resource + rate, -limit_resource, limit_resource), resource)
        total = span_resource + pos(resource)
        w = w_low + floor((2*span*pos(resource) + total)/(2*total))
    """,
}


def populated(network, stored, told):
    """L and OUT, connected."""
    steps = np.repeat(np.arange(told["steps"], dtype=float), np.diff(stored["ptr"]))
    order = np.argsort(stored["index"], kind="stable")
    ends = np.cumsum(np.bincount(stored["index"], minlength=told["nodes"]))[:-1]
    times = [part.tolist() for part in np.split(steps[order], ends)]
    pixels = network.create(population=ann.SpikeSourceArray(spike_times=times))
    neuron = ann.Neuron(**NEURON)
    columns = network.create(geometry=told["neurons"], neuron=neuron)
    out = network.create(geometry=told["classes"], neuron=neuron)
    columns.leak, columns.bias, columns.limit = float(told["leak"]), float(told["bias"]), stored["threshold"]
    out.limit = float(told["base"])
    learnt = network.connect(pixels, columns, "exc", ann.Synapse(**LEARNING) if told["learning"] else None)
    learnt.from_matrix(stored["weight"].T.astype(float))
    for target, pairs, weight in ((columns, within(told), told["inhibition"]), (out, answers(told), told["feed"])):
        # None: no synapse.
        weights = np.full((target.size, told["neurons"]), None, dtype=object)
        weights[pairs[1], pairs[0]] = float(weight)
        network.connect(columns, target, "exc").from_matrix(weights)
    return columns, out, learnt


def main(work, spikes, folder):
    """CPU seconds of the steps that count; what is compiled stays in `folder`."""
    stored, told = opened(work)
    network = ann.Network(dt=1.0)
    columns, out, learnt = populated(network, stored, told)
    monitors = [network.monitor(population, "spike") for population in (columns, out)]
    network.compile(directory=folder, silent=True)
    if told["learning"]:
        learnt.rate, learnt.window, learnt.w_low = map(float, (told["rate"], told["window"], told["w_min"]))
        learnt.span, learnt.span_resource = float(told["span"]), float(told["span_resource"])
        learnt.limit_resource = float(told["limit"])
        learnt.resource = stored["resource"].reshape(stored["weight"].shape).T.astype(float)
    network.simulate(told["warm"])
    began = time.process_time()
    network.simulate(told["steps"] - told["warm"])
    spent = time.process_time() - began
    parts = []
    for monitor, first in zip(monitors, (0, told["neurons"]), strict=True):
        times, neurons = monitor.raster_plot(monitor.get("spike"))
        parts.append((np.rint(np.asarray(times)), neurons, first))
    return answer(spikes, parts, spent)


if __name__ == "__main__":
    run(main)
