"""One network of `experiments.benchmarks.scale`. Run by its path, so that colanet comes from PYTHONPATH.

    python scale_job.py '{"do": "measured", "network": "network.yaml", "small": "small.yaml", "copies": 1, ...}'
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from peak import highest_memory

from colanet import Session, load
from colanet.commands.bench_profile import profiled
from colanet.plan.memory import network_bytes


def opened(network, copies, train, test):
    """A session with the first so many images of each part."""
    path = Path(network)
    told = {"copies": copies, "train": train, "test": test}
    return Session(load(path), base_dir=path.parent, engine="numba", threads=1, **told)


def advanced(session, images):
    """CPU seconds of all threads until so many images are over."""
    began = time.process_time()
    session.proceed(images * session.presentation.period)
    return time.process_time() - began


def measured(network, small, copies, warm, train, test):
    """Set-up, time an image and copy, highest memory beside that of the program with its kernels."""
    opened(small, 1, 10, 10).run()  # loads the kernels, or compiles them
    bare, began = highest_memory(), time.process_time()
    session = opened(network, copies, warm + train, test)
    setup = time.process_time() - began
    advanced(session, warm)
    before = session.counts.events
    learning = advanced(session, warm + train)
    events = session.counts.events - before
    testing = advanced(session, warm + train + test)
    found = session.result()
    plastic = sum(p.source_size * p.target_size for p in session.plan.projections if p.kind == "plastic")
    return {
        "setup_seconds": setup,
        "training_microseconds": 1e6 * learning / train / copies,
        "test_microseconds": 1e6 * testing / test / copies,
        "events": events / train / copies,
        "bytes": highest_memory() - bare,
        "estimate": network_bytes(session.plan),
        "plastic": plastic * copies,
        "accuracy": found.accuracy,
    }


def shares(network, small, copies, warm, train, test):
    """Microseconds an image and copy of each part of the work, in training and in the test."""
    opened(small, 1, 10, 10).run()
    return profiled([opened(network, copies, warm + train, test)])


def reading(size):
    """Gigabytes a second that one thread reads of an array of so many bytes: its largest number, by vectors."""
    array, turns = np.ones(size, dtype=np.uint8).view(np.int64), max((1 << 31) // size, 1)
    array.max()
    began = time.process_time()
    for _ in range(turns):
        array.max()
    return {"gigabytes_a_second": turns * size / 1e9 / (time.process_time() - began)}


if __name__ == "__main__":
    request = json.loads(sys.argv[1])
    print(json.dumps(globals()[request.pop("do")](**request)))
