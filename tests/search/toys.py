"""Objectives without a simulation, for workers to import; and a whole search with them, a program to be killed."""

import json
import math
import os
import signal
import sys
import time
from pathlib import Path

from colanet import config
from colanet.launching import open_launcher
from colanet.search.jobs import Job, Result
from colanet.search.journal import open_journal
from colanet.search.loop import Search, outcome
from colanet.search.study import Study

ROOT = Path(__file__).parents[2]
SEEDS = (100, 101)


def make_study(kind="tpe", **fields) -> Study:
    """A study of three parameters, six trials a generation, four generations."""
    data = {
        "name": "toy",
        "experiment": {},
        "sampler": {"kind": kind} | ({"startup": 6} if kind == "tpe" else {}),
        "generation": 6,
        "generations": 4,
        "seeds": SEEDS,
        "parameters": {
            "population.L.hebbian_rate": {"low": -0.3, "high": -0.02},
            "population.L.threshold_weight_factor": {"low": 0.01, "high": 0.6, "log": True},
            "population.L.virtual_synapses": {"low": 0, "high": 5000, "integer": True},
        },
        "start": [{"population.L.hebbian_rate": -0.1}],
    }
    return Study.model_validate(data | fields)


def value_of(job: Job, seed: int) -> float:
    """A smooth hill with a little of the seed in it."""
    get = {name: float(text) for name, text in job.settings.items()}
    rate = get["population.L.hebbian_rate"]
    factor = get["population.L.threshold_weight_factor"]
    virtual = get["population.L.virtual_synapses"]
    hill = (rate + 0.085) ** 2 * 20 + (math.log(factor) - math.log(0.11)) ** 2 / 10 + (virtual - 3000) ** 2 / 1e8
    return 1 - hill + seed * 1e-5


def evaluate(job: Job) -> Result:
    """Notes the evaluation in the file COUNT, if there is one; later trials are faster, so they overtake."""
    if os.environ.get("TOY_COUNT"):
        with open(os.environ["TOY_COUNT"], "a") as file:
            file.write(f"{job.number} {os.getpid()}\n")
    time.sleep(0.003 * (3 - job.number % 3))
    if float(job.settings["population.L.hebbian_rate"]) < -0.27:
        return Result(problem="the rate is too strong")
    return Result(tuple({"ACC": value_of(job, seed), "FM": 0.1} for seed in job.seeds), 0.01)


def deadly(job: Job) -> Result:
    """Kills its process at the fourth trial."""
    if job.number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return evaluate(job)


def deadly_once(job: Job) -> Result:
    """Kills its process at the fourth trial, unless the file TOY_DEATH is there."""
    if job.number == 3 and not os.path.exists(os.environ["TOY_DEATH"]):
        Path(os.environ["TOY_DEATH"]).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return evaluate(job)


def slow(job: Job) -> Result:
    """Like `evaluate`, but the ninth trial and the later ones take too long to end before a signal comes."""
    if job.number >= 9:
        time.sleep(1800)
    return evaluate(job)


def run(folder, study, *, workers=1, resume=False, function=evaluate, dask=None, generations=None):
    """A search with a toy objective: (search, trials)."""
    network = config.load(ROOT / "configs" / "mnist.yaml")
    identity = study.model_dump(mode="json", exclude={"generations"})
    with (
        open_journal(Path(folder), study.name, identity, resume=resume) as journal,
        open_launcher(function, workers=workers, dask=dask) as launch,
    ):
        search = Search(study, network, None, journal, launch)
        return search, search.run(generations or study.generations)


def listed(trials):
    """What must not depend on workers and interruptions."""
    return [
        (t.number, t.state.name, t.value, t.params, outcome(t).get("metrics"), outcome(t).get("problem"))
        for t in trials
    ]


if __name__ == "__main__":
    # toys.py FOLDER KIND WORKERS FUNCTION
    run(sys.argv[1], make_study(sys.argv[2]), workers=int(sys.argv[3]), function=globals()[sys.argv[4]])
    print(json.dumps("done"))
