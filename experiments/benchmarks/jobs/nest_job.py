"""A work file run by NEST, with the neuron of nest_neuron.nestml.

The neuron's C++ is made by NESTML and compiled here: `nest-config` of the wheel names folders of another machine,
so NESTML's own build does not find NEST.
"""

import contextlib
import glob
import json
import os
import subprocess
import sys
import time

import nest
import numpy as np
from peak import highest_memory

MODEL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "nest_neuron.nestml")
MODULE = "colanet_module"
FLAGS = ("-shared", "-fPIC", "-std=c++20", "-O3", "-march=native", "-DNDEBUG", "-fopenmp")
OLD_STRINGS = "-D_GLIBCXX_USE_CXX11_ABI=0"  # as the manylinux2014 wheels are compiled


def built(folder, module, models, options=None):
    """Path of a module with the models of these files, compiled unless it is there; options are those of NESTML."""
    path = os.path.join(folder, f"{module}.so")
    if not os.path.exists(path):
        from pynestml.exceptions.invalid_path_exception import InvalidPathException
        from pynestml.frontend.pynestml_frontend import generate_nest_target

        with contextlib.suppress(InvalidPathException):
            generate_nest_target(
                models, target_path=folder, module_name=module, logging_level="ERROR", codegen_opts=options
            )
        headers = os.path.join(os.path.dirname(nest.__file__), "include", "nest")
        sources = glob.glob(os.path.join(folder, "*.cpp"))
        words = ["g++", *FLAGS, OLD_STRINGS, f"-I{headers}", f"-I{folder}", *sources, "-o", path]
        subprocess.run(words, check=True)
    return path


def populated(stored, told):
    """Create the network; a spike recorder for each population, with the id of its first neuron."""
    groups, recorders = {}, []
    for n, told_input in enumerate(told["inputs"]):
        ptr, index = stored[f"ptr{n}"], stored[f"index{n}"]
        # What NEST does in step s has the time s + 1 ms.
        times = np.repeat(np.arange(1.0, len(ptr)), np.diff(ptr))
        order = np.argsort(index, kind="stable")
        ends = np.cumsum(np.bincount(index, minlength=told_input["size"]))[:-1]
        generators = nest.Create("spike_generator", told_input["size"])
        generators.set([{"spike_times": part} for part in np.split(times[order], ends)])
        groups[told_input["name"]] = generators
    for p in told["populations"]:
        constants = {"leak": p["leak"], "base": told["base"], "increment": p["increment"], "decay": p["decay"]}
        groups[p["name"]] = nest.Create("colanet_neuron", p["size"], {k: float(v) for k, v in constants.items()})
        recorder = nest.Create("spike_recorder")
        nest.Connect(groups[p["name"]], recorder)
        recorders.append((recorder, min(groups[p["name"]].tolist())))
    for n, p in enumerate(told["projections"]):
        ends = [np.array(groups[p[end]].tolist())[stored[f"{word}{n}"]]
                for end, word in (("source", "pre"), ("target", "post"))]  # fmt: skip
        delays = stored[f"delay{n}"].astype(float)
        nest.Connect(*ends, "one_to_one", {"weight": np.full(len(delays), 1000.0 * p["weight"]), "delay": delays})
    return recorders


def rows(told, recorders):
    """Step and neuron of every spike, in order."""
    found = []
    for p, (recorder, first) in zip(told["populations"], recorders, strict=True):
        events = recorder.events
        found.append(np.stack([np.rint(events["times"]).astype(np.int64) - 1,
                               events["senders"].astype(np.int64) - first + p["start"]], axis=1))  # fmt: skip
    joined = np.concatenate(found)
    return joined[np.lexsort((joined[:, 1], joined[:, 0]))]


def main(work, spikes, warm, folder):
    """CPU seconds of the steps from `warm` on; what is compiled stays in `folder`."""
    stored = np.load(work)
    told = json.loads(str(stored["told"]))
    module = built(folder, MODULE, [MODEL])
    nest.ResetKernel()
    nest.Install(module)
    nest.resolution, nest.local_num_threads = 1.0, 1
    recorders = populated(stored, told)
    nest.Simulate(float(warm))
    began = time.process_time()
    nest.Simulate(float(told["steps"] - warm))
    spent = time.process_time() - began
    np.save(spikes, rows(told, recorders))
    return {"run_seconds": spent, "bytes": highest_memory()}


if __name__ == "__main__":
    print(json.dumps(main(**json.loads(sys.argv[1]))))
