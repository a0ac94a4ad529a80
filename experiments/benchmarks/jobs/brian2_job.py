"""A work file run by Brian2, with numbers that are integers: in double precision they stay exact.

One step of docs/model.md becomes Brian2's slots: leak, arrivals and ramp in `groups`, then `thresholds`,
`synapses`, `resets`. A spike arrives in the slot `synapses`, after the threshold: so the delay is one step less.
"""

import json
import sys
import time

import brian2 as b2
import numpy as np
from brian2_cpu import watch, watched
from peak import highest_memory

STEP = 1 * b2.ms
EQUATIONS = """
u : 1
current : 1
ramp : integer
"""
UPDATE = """
u = sign(u) * floor(abs(u) * leak / 1024) + current
current = 0
ramp -= int(ramp > 0)
"""
CONDITION = "u > base + ramp * increment // decay"
RESET = "u = 0; ramp += decay"


def network_of(stored, told):
    """The network, its spike monitors in the order of the populations."""
    groups, monitors, synapses = {}, [], []
    for n, told_input in enumerate(told["inputs"]):
        ptr = stored[f"ptr{n}"]
        times = np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))
        groups[told_input["name"]] = b2.SpikeGeneratorGroup(told_input["size"], stored[f"index{n}"], times * STEP)
    for p in told["populations"]:
        constants = {"leak": p["leak"], "base": told["base"], "increment": p["increment"], "decay": p["decay"]}
        group = b2.NeuronGroup(p["size"], EQUATIONS, threshold=CONDITION, reset=RESET, namespace=constants)
        group.run_regularly(UPDATE, when="groups")
        groups[p["name"]] = group
        monitors.append(b2.SpikeMonitor(group))
    for n, p in enumerate(told["projections"]):
        one = b2.Synapses(groups[p["source"]], groups[p["target"]], on_pre="current_post += w",
                          namespace={"w": p["weight"]})  # fmt: skip
        one.connect(i=stored[f"pre{n}"], j=stored[f"post{n}"])
        one.delay = (stored[f"delay{n}"].astype(int) - 1) * STEP
        synapses.append(one)
    return b2.Network(*groups.values(), *monitors, *synapses), monitors


def rows(told, monitors):
    """Step and neuron of every spike, in order."""
    found = [
        np.stack([np.rint(np.asarray(m.t / STEP)).astype(np.int64), np.asarray(m.i, np.int64) + p["start"]], axis=1)
        for p, m in zip(told["populations"], monitors, strict=True)
    ]
    joined = np.concatenate(found)
    return joined[np.lexsort((joined[:, 1], joined[:, 0]))]


def main(work, spikes, warm, target, folder):
    """CPU seconds of the steps from `warm` on; what is compiled stays in `folder`."""
    stored = np.load(work)
    told = json.loads(str(stored["told"]))
    b2.defaultclock.dt = STEP
    if target == "cpp_standalone":
        b2.set_device("cpp_standalone", directory=folder, build_on_run=False)
    else:
        b2.prefs.codegen.target = "cython"
        b2.prefs.codegen.runtime.cython.cache_dir = folder
    network, monitors = network_of(stored, told)
    network.run(warm * STEP)
    if target == "cpp_standalone":
        watch()
    reported = []  # Brian2 reports after it has made its code, and at the end
    report = None if target == "cpp_standalone" else lambda *_: reported.append(time.process_time())
    network.run((told["steps"] - warm) * STEP, report=report, report_period=1000 * b2.second)
    spent = watched(folder) if target == "cpp_standalone" else reported[-1] - reported[0]
    np.save(spikes, rows(told, monitors))
    return {"run_seconds": spent, "bytes": highest_memory()}


if __name__ == "__main__":
    print(json.dumps(main(**json.loads(sys.argv[1]))))
