"""The column network in NEST, with neuron and synapse of column_neuron.nestml and column_synapse.nestml."""

import os
import time

import nest
import numpy as np
from columns_work import answer, answers, opened, run, within
from nest_job import built

HERE = os.path.dirname(os.path.abspath(__file__))
MODULE = "columns_module"
NEURON, SYNAPSE = "column_neuron", "column_synapse"


def compiled(folder, learning):
    """Path of the module, with the synapse if the network learns; names of its neuron and its synapse."""
    if not learning:
        return built(folder, MODULE, [os.path.join(HERE, f"{NEURON}.nestml")]), NEURON, "static_synapse"
    options = {
        "neuron_synapse_pairs": [{"neuron": NEURON, "synapses": {SYNAPSE: {"post_ports": ["post_spikes"]}}}],
        "weight_variable": {SYNAPSE: "w"},
    }  # fmt: skip
    path = built(folder, MODULE, [os.path.join(HERE, f"{name}.nestml") for name in (NEURON, SYNAPSE)], options)
    return path, f"{NEURON}__with_{SYNAPSE}", f"{SYNAPSE}__with_{NEURON}"


def populated(stored, told, neuron, synapse):
    """Create the network; L and OUT with a spike recorder each."""
    # What NEST does in step s has the time s + 1 ms.
    times = np.repeat(np.arange(1.0, told["steps"] + 1), np.diff(stored["ptr"]))
    order = np.argsort(stored["index"], kind="stable")
    ends = np.cumsum(np.bincount(stored["index"], minlength=told["nodes"]))[:-1]
    generators = nest.Create("spike_generator", told["nodes"])
    generators.set([{"spike_times": part} for part in np.split(times[order], ends)])
    pixels = generators
    constants = {"leak": float(told["leak"]), "bias": float(told["bias"])}
    columns = nest.Create(neuron, told["neurons"], constants)
    columns.limit = stored["threshold"].astype(float)
    out = nest.Create(neuron, told["classes"], {"leak": 0.0, "limit": float(told["base"])})
    if told["learning"]:  # a device does not reach synapses that learn; these relays are a step late
        pixels = nest.Create("parrot_neuron", told["nodes"])
        nest.Connect(generators, pixels, "one_to_one")
    told_synapse = {"synapse_model": synapse, "weight": 1000.0 * stored["weight"].T, "delay": 1.0}
    if told["learning"]:
        constants = {key: float(told[key]) for key in ("rate", "limit", "window", "span", "span_resource")}
        nest.SetDefaults(synapse, constants | {"w_low": float(told["w_min"])})
        told_synapse["resource"] = stored["resource"].reshape(stored["weight"].shape).T.astype(float)
    nest.Connect(pixels, columns, "all_to_all", told_synapse)
    for target, pairs, weight in ((columns, within(told), told["inhibition"]), (out, answers(told), told["feed"])):
        ends = np.array(columns.tolist())[pairs[0]], np.array(target.tolist())[pairs[1]]
        weights = np.full(len(pairs[0]), 1000.0 * weight)
        nest.Connect(*ends, "one_to_one", {"weight": weights, "delay": np.ones(len(weights))})
    recorders = []
    for group in (columns, out):
        recorders.append((nest.Create("spike_recorder"), min(group.tolist())))
        nest.Connect(group, recorders[-1][0])
    return recorders


def main(work, spikes, folder):
    """CPU seconds of the steps that count; what is compiled stays in `folder`."""
    stored, told = opened(work)
    module, neuron, synapse = compiled(folder, told["learning"])
    nest.ResetKernel()
    nest.Install(module)
    nest.resolution, nest.local_num_threads = 1.0, 1
    recorders = populated(stored, told, neuron, synapse)
    nest.Simulate(float(told["warm"]))
    began = time.process_time()
    nest.Simulate(float(told["steps"] - told["warm"] + told["learning"]))
    spent = time.process_time() - began
    late, parts = 1 + told["learning"], []
    for (recorder, first), number in zip(recorders, (0, told["neurons"]), strict=True):
        events = recorder.events
        parts.append((np.rint(events["times"]) - late, events["senders"] - first, number))
    return answer(spikes, parts, spent)


if __name__ == "__main__":
    run(main)
