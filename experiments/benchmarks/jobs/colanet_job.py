"""Jobs of colanet. Run by its path, so that colanet comes from the checkout that PYTHONPATH names.

    python colanet_job.py '{"do": "images", "network": "configs/mnist.yaml", ...}'

Only long-lived functions of the package are called, and the engine's protocol: older checkouts must run it too.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from columns_work import answer, opened
from peak import highest_memory


class Given:
    """A spike source with these spikes."""

    def __init__(self, name, size, ptr, index):
        self.name, self.size, self.ptr, self.index = name, size, ptr, index
        self.n_steps = len(ptr) - 1

    def spikes(self, start, stop):
        ptr = self.ptr[start : stop + 1]
        return ptr - ptr[0], self.index[ptr[0] : ptr[-1]]


def engine_of(plan):
    from colanet.engine import make_engine

    return make_engine("numba", plan, 1)


def seconds(call):
    """CPU seconds of a call."""
    began = time.process_time()
    call()
    return time.process_time() - began


def images(network, copies, train, test, data):
    """Microseconds of CPU time an image and copy, in training and in the test after it."""
    from colanet import Session, load

    def session(n_train, n_test):
        described = load(network)
        return Session(described, base_dir=network.rpartition("/")[0] or ".", engine="numba", threads=1,
                       copies=copies, train=n_train, test=n_test, data_dir=data)  # fmt: skip

    def advance(one, stop, freeze):
        while one.step < stop:
            one.advance(min(one.step + one.chunk_steps, stop), freeze)

    def parts(one, n_train, n_test):
        period = one.presentation.period
        cut = n_train * period
        training = seconds(lambda: advance(one, cut, cut))
        return training, seconds(lambda: advance(one, cut + n_test * period, cut))

    parts(session(10, 10), 10, 10)  # loads the kernels, or compiles them
    training, tested = parts(session(train, test), train, test)
    return {"training": 1e6 * training / train / copies, "test": 1e6 * tested / test / copies}


def recurrent(work, spikes, warm):
    """CPU seconds of the steps from `warm` on, of the network and input of a work file."""
    from colanet import load
    from colanet.plan import build

    stored = np.load(work)
    told = json.loads(str(stored["told"]))
    sources = [Given(i["name"], i["size"], stored[f"ptr{n}"], stored[f"index{n}"])
               for n, i in enumerate(told["inputs"])]  # fmt: skip
    plan = build(load(told["network"]), input_sizes={s.name: s.size for s in sources}, seed=told["seed"])
    engine = engine_of(plan)
    every, steps = range(len(plan.populations)), told["steps"]
    first = engine.run(engine.encode(sources, 0, 0, warm), 0, warm, freeze=0, record=every)
    brought = []

    def proceed():  # what becomes of lists of spikes before a step belongs to it, as in the other simulators
        inputs = engine.encode(sources, 0, warm, steps)
        brought.append(engine.run(inputs, warm, steps, freeze=0, record=every))

    spent = seconds(proceed)
    np.save(spikes, np.concatenate([first.records[0], brought[0].records[0]]))
    return {"run_seconds": spent, "events": brought[0].synaptic_events, "bytes": highest_memory()}


def columns(work, spikes):
    """CPU seconds of the steps that count, of the column network of a work file."""
    from colanet import load
    from colanet.plan import build

    stored, told = opened(work)
    steps, warm = told["steps"], told["warm"]
    pixels = Given("R", told["nodes"], stored["ptr"], stored["index"])
    target = Given("Target", told["classes"], np.zeros(steps + 1, dtype=np.int64), np.zeros(0, dtype=np.int32))
    plan = build(load(told["network"]), input_sizes={"R": pixels.size, "Target": target.size})
    engine, every, freeze = engine_of(plan), [0, 1], steps if told["learning"] else 0
    state = engine.state()
    (key,) = (key for key in state if key.endswith("R->L/resource"))
    state[key][:] = stored["resource"].ravel()
    engine.load(state)
    sources, brought = [pixels, target], []
    first = engine.run(engine.encode(sources, 0, 0, warm), 0, warm, freeze=freeze, record=every)

    def proceed():  # what becomes of lists of spikes before a step belongs to it, as in the other simulators
        inputs = engine.encode(sources, 0, warm, steps)
        brought.append(engine.run(inputs, warm, steps, freeze=freeze, record=every))

    spent = seconds(proceed)
    rows = np.concatenate([first.records[0], brought[0].records[0]])
    return answer(spikes, [(rows[:, 0], rows[:, 1], 0)], spent)


def dense(network, n_images, data):
    """Microseconds an image, plasticity off, of a network that is shown MNIST; encoded before."""
    from colanet import load
    from colanet.encoding import build_sources
    from colanet.plan import build

    described = load(network)
    shown = build_sources(described.inputs, base_dir=Path(network).parent, data_dir=data)
    plan = build(described, input_sizes={s.name: s.size for s in shown.sources})
    engine, period, every = engine_of(plan), described.inputs[0].period, [0]
    first = 100 * period
    engine.run(engine.encode(shown.sources, 0, 0, first), 0, first, freeze=0, record=every)
    stop = first + n_images * period
    inputs, brought = engine.encode(shown.sources, 0, first, stop), []
    spent = seconds(lambda: brought.append(engine.run(inputs, first, stop, freeze=0, record=every)))
    return {"microseconds": 1e6 * spent / n_images, "spikes": int(brought[0].spikes.sum()),
            "events": brought[0].synaptic_events}  # fmt: skip


if __name__ == "__main__":
    request = json.loads(sys.argv[1])
    print(json.dumps(globals()[request.pop("do")](**request)))
