"""The same trials with 1 and 2 workers, on Dask, and after an interruption, with no trial evaluated twice."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("optuna")

from colanet.errors import BackendUnavailable, CheckpointError, ConfigError
from colanet.launching import WorkerDied, open_launcher
from colanet.search import asking
from colanet.search.loop import best, key, outcome
from tests.flips import flipped
from tests.search import toys

KINDS = ("tpe", "genetic", "random", "qmc")


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """The trials of an uninterrupted search with one worker, by sampler."""
    found = {}

    def trials(kind):
        if kind not in found:
            found[kind] = toys.run(tmp_path_factory.mktemp(kind), toys.make_study(kind))[1]
        return found[kind]

    return trials


def counted(path):
    """Numbers of the evaluated trials."""
    return sorted(int(line.split()[0]) for line in path.read_text().splitlines())


@pytest.mark.parametrize("kind", KINDS)
def test_twice_the_same(kind, straight, tmp_path):
    again = toys.run(tmp_path, toys.make_study(kind))[1]
    assert toys.listed(again) == toys.listed(straight(kind))
    assert len(again) == 24
    other = toys.run(tmp_path / "other", toys.make_study(kind, seed=1))[1]
    assert toys.listed(other)[1:] != toys.listed(again)[1:]


@pytest.mark.parametrize("kind", ["tpe", "genetic"])
def test_two_workers(kind, straight, tmp_path):
    trials = toys.run(tmp_path, toys.make_study(kind), workers=2)[1]
    assert toys.listed(trials) == toys.listed(straight(kind))
    assert best(trials).number == best(straight(kind)).number


def test_dask(straight, tmp_path):
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None, scheduler_port=0
    )
    with cluster:
        trials = toys.run(tmp_path, toys.make_study("tpe"), dask=cluster.scheduler_address)[1]
    assert toys.listed(trials) == toys.listed(straight("tpe"))


@pytest.mark.slow
def test_a_killed_worker_of_a_cluster_changes_nothing(straight, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setenv("TOY_DEATH", str(tmp_path / "death"))
    settings = {"threads_per_worker": 1, "dashboard_address": None, "scheduler_port": 0}
    with distributed.LocalCluster(n_workers=2, processes=True, **settings) as cluster:
        trials = toys.run(
            tmp_path / "out", toys.make_study("tpe"), dask=cluster.scheduler_address, function=toys.deadly_once
        )[1]
    assert (tmp_path / "death").exists()
    assert toys.listed(trials) == toys.listed(straight("tpe"))


@pytest.mark.parametrize(("kind", "workers"), [("tpe", 1), ("genetic", 2)])
def test_killed_and_resumed(kind, workers, straight, tmp_path, monkeypatch):
    """SIGKILL with eight trials finished and the rest of the second generation in work."""
    start_and_stop(tmp_path, kind, workers, signal.SIGKILL)
    check_resumed(kind, straight, tmp_path, monkeypatch)


@pytest.mark.parametrize(("kind", "workers"), [("genetic", 1), ("tpe", 2)])
def test_interrupted_and_resumed(kind, workers, straight, tmp_path, monkeypatch):
    began = time.monotonic()
    assert start_and_stop(tmp_path, kind, workers, signal.SIGINT) != 0
    assert time.monotonic() - began < 600, "waited for trials that take half an hour"
    check_resumed(kind, straight, tmp_path, monkeypatch)


def start_and_stop(folder, kind, workers, how):
    """Run toys.py until the slow ninth trial has begun, and send a signal; returns its exit status."""
    environment = os.environ | {"TOY_COUNT": str(folder / "count"), "PYTHONPATH": str(toys.ROOT)}
    arguments = [str(folder / "out"), kind, str(workers), "slow"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.search.toys", *arguments], cwd=toys.ROOT, env=environment,
        stderr=subprocess.DEVNULL, start_new_session=True, preexec_fn=hears_interrupts,
    )  # fmt: skip
    try:
        until = time.monotonic() + 300
        while finished_in(folder / "out" / "journal.log") < 9:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(how)
        return process.wait(300)
    finally:
        if process.poll() is None:
            process.kill()


def hears_interrupts():
    """A suite that runs in the background ignores SIGINT, and its children would inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def finished_in(journal):
    """Trials that the journal holds as finished, without opening it."""
    return journal.read_text().count('"op_code":6') if journal.exists() else 0


def check_resumed(kind, straight, folder, monkeypatch):
    wanted = toys.listed(straight(kind))
    before = counted(folder / "count")
    monkeypatch.setenv("TOY_COUNT", str(folder / "count"))
    search, trials = toys.run(folder / "out", toys.make_study(kind), resume=True)
    assert toys.listed(trials) == wanted
    evaluated = counted(folder / "count")
    assert len(set(evaluated)) == len(evaluated), "a finished trial was evaluated again"
    assert search.evaluated == len(evaluated) - len(before)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_workers_end_with_a_killed_parent(tmp_path):
    """No orphans that hold memory and cores."""
    start_and_stop(tmp_path, "tpe", 2, signal.SIGKILL)
    workers = {int(line.split()[1]) for line in (tmp_path / "count").read_text().splitlines()}
    assert workers
    until = time.monotonic() + 300
    while any(alive(worker) for worker in workers):
        assert time.monotonic() < until, "workers sleep on for half an hour"
        time.sleep(0.05)


def alive(process):
    """Whether a process runs; one that has ended and that nobody has asked about does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_finished_search_evaluates_nothing(tmp_path):
    study = toys.make_study("tpe", generations=2)
    first, trials = toys.run(tmp_path, study)
    again, same = toys.run(tmp_path, study, resume=True)
    assert (first.evaluated, again.evaluated) == (12, 0)
    assert toys.listed(same) == toys.listed(trials)


def test_more_generations_go_on(straight, tmp_path):
    study = toys.make_study("genetic")
    toys.run(tmp_path, study, generations=1)
    trials = toys.run(tmp_path, study, resume=True)[1]
    assert toys.listed(trials) == toys.listed(straight("genetic"))
    fewer = toys.run(tmp_path, study, resume=True, generations=2)[1]
    assert toys.listed(fewer) == toys.listed(trials)[:12]


def test_equal_settings_are_evaluated_once(tmp_path):
    """Two choices make at most two different trials; the others copy their results."""
    choices = {"population.L.hebbian_rate": {"choices": [-0.2, -0.1]}}
    fixed = {"population.L.threshold_weight_factor": {"choices": [0.1]}}
    whole = {"population.L.virtual_synapses": {"choices": [3000]}}
    study = toys.make_study("random", parameters=choices | fixed | whole, start=[])
    search, trials = toys.run(tmp_path, study)
    assert search.evaluated == len({key(trial) for trial in trials}) == 2
    values = {key(trial): trial.value for trial in trials}
    assert all(trial.value == values[key(trial)] for trial in trials)
    assert sum("same_as" in outcome(trial) for trial in trials) == 22


def test_start_comes_first_and_failures_are_kept(straight):
    trials = straight("random")
    assert trials[0].params["population.L.hebbian_rate"] == -0.1
    failed = [trial for trial in trials if trial.value is None]
    assert failed
    assert all(trial.params["population.L.hebbian_rate"] < -0.27 for trial in failed)
    assert {outcome(trial)["problem"] for trial in failed} == {"the rate is too strong"}


def test_samplers_learn(straight):
    """After 18 trials the genetic sampler proposes better ones than chance: its parents are the best so far."""
    late = sorted(trial.value or 0.0 for trial in straight("genetic")[12:])
    early = sorted(trial.value or 0.0 for trial in straight("genetic")[:12])
    assert late[len(late) // 2] > early[len(early) // 2]
    assert best(straight("genetic")).number >= 6


def test_generations_have_seeds_of_their_own():
    seeds = {asking.generation_seed(seed, generation) for seed in range(20) for generation in range(50)}
    assert len(seeds) == 1000
    assert max(seeds) < 2**31


def test_a_dead_worker_is_one_line_and_costs_little(straight, tmp_path):
    study = toys.make_study("tpe")
    with pytest.raises(WorkerDied, match=r"^a worker process died.*--resume keeps the finished trials$"):
        toys.run(tmp_path, study, workers=2, function=toys.deadly)
    assert toys.listed(toys.run(tmp_path, study, resume=True)[1]) == toys.listed(straight("tpe"))


def test_no_dask_scheduler_is_one_line(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("colanet.launching.CONNECT_SECONDS", 1)
    with (
        pytest.raises(BackendUnavailable, match="no Dask scheduler answers there"),
        open_launcher(toys.evaluate, dask="tcp://127.0.0.1:9"),
    ):
        pass


def test_journal_of_another_study_is_refused(tmp_path):
    toys.run(tmp_path, toys.make_study("tpe"), generations=1)
    with pytest.raises(ConfigError, match="already holds a search; --resume continues it"):
        toys.run(tmp_path, toys.make_study("tpe"))
    with pytest.raises(CheckpointError, match="belongs to another search; it differs in seed"):
        toys.run(tmp_path, toys.make_study("tpe", seed=5), resume=True)


@pytest.mark.parametrize(("library", "extra"), [("optuna", "search"), ("distributed", "dask")])
def test_a_missing_library_is_named(library, extra, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(BackendUnavailable) as caught:
        toys.run(tmp_path / "out", toys.make_study(), dask="tcp://localhost:1")
    assert str(caught.value) == f'{library} is not installed: pip install "colanet[{extra}]"'
    assert isinstance(caught.value.__cause__, ImportError)
    assert library != "optuna" or not (tmp_path / "out").exists()


def test_journal_in_use_is_refused(tmp_path):
    pytest.importorskip("fcntl")
    from colanet.search.journal import open_journal

    with (
        open_journal(tmp_path, "a", {}, resume=False),
        pytest.raises(ConfigError, match="another search is writing here"),
        open_journal(tmp_path, "a", {}, resume=True),
    ):
        pass


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_torn_journal(cut, straight, tmp_path):
    """A machine that stops in the middle of a write loses that line at most."""
    study = toys.make_study("tpe")
    toys.run(tmp_path, study, generations=2)
    file = tmp_path / "journal.log"
    file.write_bytes(file.read_bytes()[:-cut])
    assert toys.listed(toys.run(tmp_path, study, resume=True)[1]) == toys.listed(straight("tpe"))


def test_damaged_journal_is_one_line(tmp_path):
    study = toys.make_study("tpe")
    toys.run(tmp_path, study, generations=1)
    file = tmp_path / "journal.log"
    file.write_bytes(b"{}\nnonsense\n" + file.read_bytes())
    with pytest.raises(CheckpointError, match="cannot be read as a journal") as caught:
        toys.run(tmp_path, study, resume=True)
    assert len(str(caught.value).splitlines()) == 1


def test_a_flipped_bit_of_a_journal_is_noticed_or_loses_the_last_line_at_most(tmp_path):
    from colanet.search.log import Log

    study = toys.make_study("tpe")
    toys.run(tmp_path, study, generations=1)
    file = tmp_path / "journal.log"
    written = Log(file).operations
    for damaged in flipped(file.read_bytes()):
        file.write_bytes(damaged)
        found = operations_or_refusal(file)
        if isinstance(found, str):
            assert "journal.log" in found
            assert "\n" not in found
        else:
            assert found == written[:-1]


def operations_or_refusal(file):
    """What a journal says, or why it is refused."""
    from colanet.search.log import Log

    try:
        return Log(file).operations
    except CheckpointError as error:
        return str(error)


def test_a_journal_that_cannot_grow_keeps_what_it_has(tmp_path, monkeypatch):
    from colanet.errors import OutputError
    from colanet.search import log

    study = toys.make_study("tpe")
    wanted = toys.listed(toys.run(tmp_path / "a", study)[1])

    def half(file, content, position):
        file.seek(position)
        file.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    toys.run(tmp_path / "b", study, generations=1)
    before = (tmp_path / "b" / "journal.log").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(log, "_write_all", half)
        with pytest.raises(OutputError, match=r"journal\.log: cannot be written: No space left on device"):
            toys.run(tmp_path / "b", study, resume=True)
    assert (tmp_path / "b" / "journal.log").read_bytes() == before
    assert toys.listed(toys.run(tmp_path / "b", study, resume=True)[1]) == wanted


def test_edited_journal_is_refused(tmp_path):
    study = toys.make_study("tpe")
    toys.run(tmp_path, study, generations=1)
    file = tmp_path / "journal.log"
    lines = file.read_text().splitlines(keepends=True)
    asked = [i for i, line in enumerate(lines) if '"op_code":4' in line]
    last = re.sub(r'("population.L.virtual_synapses":)[0-9.]+', r"\g<1>17", lines[asked[-1]])
    edited = "".join([*lines[: asked[-1]], last])
    file.write_text(edited)
    with pytest.raises(CheckpointError, match=rf"journal.log:{asked[-1] + 1}: damaged, its checksum does not fit"):
        toys.run(tmp_path, study, resume=True)
    # An older journal has no checksums; what it asked is compared all the same.
    file.write_text(re.sub(r',"sha256":"[0-9a-f]{64}"', "", edited))
    with (
        pytest.warns(UserWarning, match="has no checksums"),
        pytest.raises(CheckpointError, match="trial 5 differs"),
    ):
        toys.run(tmp_path, study, resume=True)
