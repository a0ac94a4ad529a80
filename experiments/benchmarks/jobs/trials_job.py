"""Jobs of `experiments.benchmarks.trials`: a search that is measured, and what asking for trials takes."""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
from peak import highest_memory

from colanet.search import asking
from colanet.search.loop import best
from colanet.search.run import SearchOptions, run_search
from colanet.search.study import load_study


def spent():
    """CPU seconds of this process, and seconds on the clock."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return np.array([usage.ru_utime + usage.ru_stime, time.perf_counter()])


def search(study, out, first, last):
    """A search to `first` generations, then to `last`: what the trials between them take, without the report."""
    size, found = load_study(Path(study)).generation, []
    for generations in (first, last, last):
        before = spent()
        run_search(Path(study), SearchOptions(out=Path(out), generations=generations, resume=bool(found)))
        sizes = [(Path(out) / name).stat().st_size for name in ("journal.log", "trials.csv")]
        found.append(np.array([*(spent() - before), sum(sizes)]))
    trials, usage = (last - first) * size, resource.getrusage(resource.RUSAGE_SELF)
    # The third call finds all trials and only writes the report, which the second one did, too.
    cpu, wall, _ = (found[1] - found[2]) / trials
    return {
        "cpu_seconds": cpu,
        "wall_seconds": wall,
        "disk_bytes": (found[1] - found[0])[2] / trials,
        "report_seconds": found[2][0],
        "start_seconds": usage.ru_utime + usage.ru_stime - sum(row[0] for row in found),
        "memory_bytes": highest_memory(),
        "trials": trials,
    }


def asked(study, trials):
    """CPU seconds a trial of asking for a generation, and of looking through the journal, after so many trials."""
    import optuna

    told, rng = load_study(Path(study)), np.random.default_rng(0)
    spaces = {name: p.distribution() for name, p in told.parameters.items()}
    finished = [
        optuna.trial.create_trial(
            params={name: rng.uniform(space.low, space.high) for name, space in spaces.items()},
            distributions=spaces,
            value=rng.random(),
        )
        for _ in range(trials)
    ]
    began = time.process_time()
    asking.ask(told, finished, trials // told.generation)
    middle = time.process_time()
    best(sorted(finished, key=lambda trial: trial.number))
    sum(trial.state.is_finished() for trial in finished)
    return {"ask_seconds": (middle - began) / told.generation, "look_seconds": time.process_time() - middle}


if __name__ == "__main__":
    request = json.loads(sys.argv[1])
    print(json.dumps(globals()[request.pop("do")](**request)))
