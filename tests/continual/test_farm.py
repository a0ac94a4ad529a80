"""Runs of an experiment in other processes and on a Dask cluster: the same results, little lost with a worker."""

import json
import os
import signal
import threading
import time
from dataclasses import replace

import pytest
import yaml

from colanet.continual.experiment import load_experiment
from colanet.continual.farm import Cut, Errand, do
from colanet.continual.jobs import checkpoint_of, file_of, prepare, selected
from colanet.continual.study import StudyOptions, run_study
from colanet.continual.task import data_of
from colanet.errors import ConfigError, DataError
from tests.continual.test_study import FIELDS

METHODS = [*FIELDS["variants"], {"name": "d", "method": "nearest-mean"}]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "toy.yaml"
    path.write_text(yaml.safe_dump(FIELDS | {"variants": METHODS}))
    return path


def brought(folder):
    """Digests of the last states of all runs, and the tests."""
    variants = json.loads((folder / "toy.json").read_text())["variants"]
    return [variant["digests"] for variant in variants], (folder / "toy.csv").read_text()


@pytest.mark.slow
def test_processes_bring_the_same(file, tmp_path):
    run_study(file, StudyOptions(out=tmp_path / "straight"))
    wanted, said, out = brought(tmp_path / "straight"), [], tmp_path / "out"
    run_study(file, StudyOptions(out=out, workers=2), say=said.append)
    assert brought(out) == wanted
    assert said[0] == "8 runs, 2 worker processes"
    assert sum(path.suffix == ".h5" for path in out.iterdir()) == 8
    # What is finished is read, what is missing is made.
    (out / "b_seed1.h5").unlink()
    said.clear()
    run_study(file, StudyOptions(out=out, workers=2, resume=True), say=said.append)
    assert brought(out) == wanted
    assert said[0] == "1 runs, 2 worker processes"


@pytest.mark.slow
def test_a_killed_worker_of_a_cluster_changes_nothing(tmp_path):
    """Its run goes on at the checkpoint, on another worker, and ends with the same bits."""
    distributed = pytest.importorskip("distributed")
    path, out = tmp_path / "toy.yaml", tmp_path / "out"
    tasks = [{"dataset": "mnist", "repeat": 3, "permutation": 5, "train": 6000, "test": 10}]
    path.write_text(yaml.safe_dump(FIELDS | {"copies": 10, "tasks": tasks, "variants": [{"name": "a"}]}))
    run_study(path, StudyOptions(out=tmp_path / "straight"))
    began = []

    def kill(worker):
        while not (began or list(out.glob("*.checkpoint.h5"))):
            time.sleep(0.01)
        os.kill(worker, signal.SIGKILL)

    settings = {"threads_per_worker": 1, "dashboard_address": None, "scheduler_port": 0}
    with distributed.LocalCluster(n_workers=2, processes=True, **settings) as cluster:
        with distributed.Client(cluster, set_as_default=False) as client:
            workers = sorted(client.run(os.getpid).values())
        hunter = threading.Thread(target=kill, args=workers[:1])
        hunter.start()
        try:
            run_study(path, StudyOptions(out=out, dask=cluster.scheduler_address, every=500))
        finally:
            began.append(None)
            hunter.join()
    assert brought(out) == brought(tmp_path / "straight")


def errand(file, tmp_path, **changes):
    (job,) = prepare(selected(load_experiment(file), ["a"]), StudyOptions())
    checkpoint = checkpoint_of(file_of(tmp_path, job.variant, 0))
    whole = Errand(0, job.altered, 0, Cut(), None, tuple(data_of(job.tasks).items()), checkpoint, 20)
    return replace(whole, **changes)


def test_a_job_goes_on_at_its_checkpoint(file, tmp_path):
    whole = errand(file, tmp_path)
    outcome = do(whole)
    kept = whole.checkpoint.read_bytes()
    # The checkpoint of the end is still there, and nothing is learnt twice.
    again = do(whole)
    assert (again.digest, whole.checkpoint.read_bytes()) == (outcome.digest, kept)
    # A machine that does not see the folder learns all of it, and leaves nothing.
    assert do(replace(whole, checkpoint=tmp_path / "elsewhere" / "x.h5")).digest == outcome.digest
    assert not (tmp_path / "elsewhere").exists()


def test_other_data_and_other_versions_are_refused(file, tmp_path):
    with pytest.raises(DataError, match=r"^mnist: a worker has other data \([0-9a-f]{64}\) than here \(0\)$"):
        do(errand(file, tmp_path, data=(("mnist", "0"),)))
    with pytest.raises(DataError, match=r"^a worker has colanet .*, expected 0\.0$"):
        do(errand(file, tmp_path, version="0.0"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": 2, "dask": "tcp://localhost:1"}, "--workers and --dask: give one of them"),
        ({"workers": 2, "engine": "cupy"}, "--engine cupy: all runs are one launch"),
        ({"workers": 0}, "workers"),
    ],
)
def test_what_excludes_each_other(options, message):
    with pytest.raises(ConfigError, match=message):
        StudyOptions(**options)
