"""The column network in Brian2. All numbers are integers, which double precision holds exactly.

A step of docs/model.md becomes Brian2's slots: leak and arrivals in `groups`, then `thresholds`, `synapses`,
`resets`. A spike arrives in the slot `synapses`, after the threshold: so the delay is one step less. A neuron
learns from its own spike before the spikes of the same step arrive.
"""

import time

import brian2 as b2
import numpy as np
from brian2_cpu import watch, watched
from columns_work import answer, answers, opened, run, within

STEP = 1 * b2.ms
EQUATIONS = """
u : 1
current : 1
limit : 1 (constant)
"""
UPDATE = """
u = sign(u) * floor(abs(u) * leak / 1024) + bias + current
current = 0
"""
STATIC = "w : 1"
LEARNING = """
w : 1
resource : 1
positive : 1
last : integer
"""
ON_PRE = {True: "current_post += w; last = t_in_timesteps", False: "current_post += w"}
ON_POST = """
resource = clip(resource + rate * int(t_in_timesteps - last <= window + 1), -limit_resource, limit_resource)
positive = clip(resource, 0, inf)
w = w_min + floor((2 * span * positive + span_resource + positive) / (2 * (span_resource + positive)))
"""


def network_of(stored, told):
    """The network and the spike monitors of L and OUT."""
    times = np.repeat(np.arange(told["steps"]), np.diff(stored["ptr"]))
    pixels = b2.SpikeGeneratorGroup(told["nodes"], stored["index"], times * STEP)
    groups = []
    for size, leak, bias, limit in (
        (told["neurons"], told["leak"], told["bias"], stored["threshold"]),
        (told["classes"], 0, 0, told["base"]),
    ):
        group = b2.NeuronGroup(size, EQUATIONS, threshold="u > limit", reset="u = 0",
                               namespace={"leak": leak, "bias": bias})  # fmt: skip
        group.run_regularly(UPDATE, when="groups")
        group.limit = limit
        groups.append(group)
    columns, out = groups
    named = {"rate": told["rate"], "window": told["window"], "w_min": told["w_min"], "span": told["span"],
             "span_resource": told["span_resource"], "limit_resource": told["limit"]}  # fmt: skip
    learning = told["learning"]
    learnt = b2.Synapses(pixels, columns, LEARNING if learning else STATIC, on_pre=ON_PRE[learning],
                         on_post=ON_POST if learning else None, namespace=named)  # fmt: skip
    learnt.connect()  # the synapses of a source one after another, as the rows of the stored matrices
    learnt.w = stored["weight"].ravel()
    if learning:
        learnt.resource = stored["resource"].ravel()
        learnt.last = -told["steps"]
        learnt.post.order = -1
    others = []
    for target, pairs, weight in ((columns, within(told), told["inhibition"]), (out, answers(told), told["feed"])):
        one = b2.Synapses(columns, target, on_pre="current_post += weight", namespace={"weight": weight})
        one.connect(i=pairs[0], j=pairs[1])
        others.append(one)
    monitors = [b2.SpikeMonitor(group) for group in groups]
    return b2.Network(pixels, *groups, learnt, *others, *monitors), monitors


def main(work, spikes, target, folder):
    """CPU seconds of the steps that count; what is compiled stays in `folder`."""
    stored, told = opened(work)
    b2.defaultclock.dt = STEP
    compiled = target == "cpp_standalone"
    if compiled:
        b2.set_device("cpp_standalone", directory=folder, build_on_run=False)
    else:
        b2.prefs.codegen.target = "cython"
        b2.prefs.codegen.runtime.cython.cache_dir = folder
    network, monitors = network_of(stored, told)
    network.run(told["warm"] * STEP)
    if compiled:
        watch()
    reported = []  # Brian2 reports after it has made its code, and at the end
    report = None if compiled else lambda *_: reported.append(time.process_time())
    network.run((told["steps"] - told["warm"]) * STEP, report=report, report_period=1000 * b2.second)
    spent = watched(folder) if compiled else reported[-1] - reported[0]
    firsts = (0, told["neurons"])
    parts = [(np.rint(np.asarray(m.t / STEP)), m.i, first) for m, first in zip(monitors, firsts, strict=True)]
    return answer(spikes, parts, spent)


if __name__ == "__main__":
    run(main)
