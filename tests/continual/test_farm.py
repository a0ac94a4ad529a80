"""Runs of an experiment in other processes and on a Dask cluster: the same results, little lost with a worker."""

import json
import os
import signal
import threading
import time
from concurrent.futures import Executor, Future
from dataclasses import replace

import pytest
import yaml

from colanet import launching
from colanet.continual import farm
from colanet.continual.experiment import load_experiment
from colanet.continual.farm import Abandoned, Cut, Errand, do
from colanet.continual.study import StudyOptions, run_study
from colanet.continual.task import data_of
from colanet.continual.variants import checkpoint_of, file_of, prepare, selected
from colanet.errors import ConfigError, DataError
from colanet.launching import WorkerDied
from tests.continual.test_study import FIELDS
from tests.continual.toys import ROOT

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
def test_processes_bring_the_same(file, tmp_path, call):
    run_study(file, StudyOptions(out=tmp_path / "straight"))
    wanted, said, out = brought(tmp_path / "straight"), [], tmp_path / "out"
    run_study(file, StudyOptions(out=out, workers=2), say=said.append)
    assert brought(out) == wanted
    assert said[0] == "8 runs, 2 worker processes"
    assert sum(path.suffix == ".h5" for path in out.iterdir()) == 8
    # What is finished is read, what is missing is made.
    (out / "b_seed1.h5").unlink()
    (out / ".in_work_0").touch()  # of a call that was killed
    status, _, told = call("continual", str(file), "--out", str(out), "--workers", "2", "--resume")
    assert (status, brought(out)) == (0, wanted)
    assert told.startswith("1 run, 2 worker processes\n")
    assert list(out.glob(".*work*")) == []


@pytest.mark.slow
def test_a_killed_worker_of_a_cluster_changes_nothing(tmp_path):
    """Its run goes on at the checkpoint, on another worker, and ends with the same bits."""
    distributed = pytest.importorskip("distributed")
    path, out = tmp_path / "toy.yaml", tmp_path / "out"
    tasks = [{"dataset": "mnist", "repeat": 3, "permutation": 5, "train": 6000, "test": 10}]
    path.write_text(yaml.safe_dump(FIELDS | {"copies": 10, "tasks": tasks, "variants": [{"name": "a"}]}))
    run_study(path, StudyOptions(out=tmp_path / "straight"))
    over, killed = [], []

    def kill(worker):
        while not (over or list(out.glob("*.checkpoint.h5"))):
            time.sleep(0.01)
        killed.append(not over and not list(out.glob("a_seed?.h5")))
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
            over.append(None)
            hunter.join()
    assert killed == [True]  # in the middle: there was a checkpoint, and no run was over
    assert brought(out) == brought(tmp_path / "straight")


def errand(file, tmp_path, **changes):
    (variant,) = prepare(selected(load_experiment(file), ["a"]), StudyOptions())
    checkpoint, ticket = checkpoint_of(file_of(tmp_path, variant.described, 0)), tmp_path / "ticket"
    ticket.touch()
    data = tuple(data_of(variant.tasks).items())
    whole = Errand(0, variant.altered, variant.configuration, 0, Cut(), None, data, checkpoint, ticket, 20)
    return replace(whole, **changes)


def test_a_run_whose_call_has_ended_stops_and_goes_on_at_its_checkpoint(file, tmp_path, monkeypatch):
    whole, done, original = errand(file, tmp_path), [], farm.run_one

    def noted(*args, watch, **options):
        def see(images, of, text):
            done.append(images)
            if images >= 40 and options["checkpoint"]:
                whole.ticket.unlink(missing_ok=True)
            watch(images, of, text)

        return original(*args, watch=see, **options)

    monkeypatch.setattr(farm, "run_one", noted)
    with pytest.raises(Abandoned, match=r"^a_seed0\.checkpoint\.h5: the call that asked for this run has ended$"):
        do(whole)
    assert done[0] <= 20
    assert whole.checkpoint.exists()
    # A machine that does not see the folder learns all of it, asks for no ticket, and leaves nothing.
    outcome = do(replace(whole, checkpoint=tmp_path / "elsewhere" / "x.h5"))
    assert not (tmp_path / "elsewhere").exists()
    # The next call's worker begins behind the first images.
    done.clear()
    whole.ticket.touch()
    monkeypatch.setattr(
        farm, "run_one", lambda *a, watch, **o: original(*a, watch=lambda n, *_: done.append(n), **o)
    )
    assert do(whole).digest == outcome.digest
    assert done[0] > 20


def test_another_network_is_refused_elsewhere_and_at_home(file, tmp_path):
    network = tmp_path / "network.yaml"
    text = (ROOT / "configs" / "mnist.yaml").read_text()
    network.write_text(text)
    file.write_text(yaml.safe_dump(FIELDS | {"network": str(network), "variants": [{"name": "a"}]}))
    sent = errand(file, tmp_path)
    network.write_text(text.replace("tau_m: 5", "tau_m: 6"))
    with pytest.raises(ConfigError, match=r"network\.yaml: expected the network that this experiment began with"):
        do(sent)
    network.write_text(text)

    def change(_):
        network.write_text(text.replace("tau_m: 5", "tau_m: 6"))

    with pytest.raises(ConfigError, match="the file has changed"):
        run_study(file, StudyOptions(out=tmp_path / "o"), say=change)


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


def test_a_scheduler_that_is_gone_is_one_line():
    class Gone(Executor):
        def submit(self, function, *args):
            future = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    with pytest.raises(WorkerDied, match=r"^the Dask scheduler is gone; --resume keeps the finished runs$"):
        list(launching._in_parallel(Gone(), do, [1], "runs"))


def test_runs_elsewhere_cannot_be_watched(file, call):
    status, out, err = call("continual", str(file), "--workers", "2", "--watch")
    assert (status, out) == (2, "")
    assert "--watch shows runs of this process; expected neither --workers nor --dask" in err
