"""An experiment file run by a function: options, progress, what is shared, and what an interruption says."""

import contextlib
import sys

import numpy as np
import pytest
import yaml

from colanet import datasets
from colanet.continual import running, variants
from colanet.continual.experiment import expand, load_experiment
from colanet.continual.results import load_outcome
from colanet.continual.study import StudyOptions, command_of, run_study
from colanet.continual.variants import file_of, prepare
from colanet.engine import REGISTRY
from colanet.engine.cuda import shim
from colanet.errors import BackendUnavailable, ConfigError
from colanet.plan import memory
from tests.continual.toys import ROOT
from tests.engine import fake_cupy

FIELDS = {
    "name": "toy",
    "network": str(ROOT / "configs" / "mnist.yaml"),
    "set": {"population.L.size": 30},
    "copies": 1,
    "seeds": [0, 1],
    "tasks": [{"dataset": "mnist", "repeat": 2, "permutation": 5, "train": 30, "test": 10}],
    "variants": [{"name": "a"}, {"name": "b", "joint": True}, {"name": "c", "validation": 5}],
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "toy.yaml"
    path.write_text(yaml.safe_dump(FIELDS))
    return path


def test_results_come_back_and_lie_there(file, tmp_path):
    said, watched = [], []

    @contextlib.contextmanager
    def progress(total):
        seen = []
        watched.append((total, seen))
        yield lambda done, of, text: seen.append((done, of))

    options = StudyOptions(seeds=(4,), variants=("a", "b"), out=tmp_path / "out")
    parts = run_study(file, options, say=said.append, progress=progress)
    assert [part.experiment.label for part in parts] == ["a", "b"]
    assert [[o.seed for o in part.outcomes] for part in parts] == [[4], [4]]
    assert parts[0].tasks == ("mnist, permutation 5", "mnist, permutation 6")
    for part in parts:
        [outcome] = part.outcomes
        assert load_outcome(file_of(tmp_path / "out", part.experiment, 4))[0].digest == outcome.digest
        assert outcome.data == {"mnist": datasets.load("mnist").digest}
    # 60 images to learn; 10 + 20 tests task by task, 20 when the tasks are mixed.
    assert [total for total, _ in watched] == [60, 60]
    assert [seen[-1] for _, seen in watched] == [(90, 90), (80, 80)]
    assert said[0] == "a, seed 4: 2 tasks"
    assert said[-1].startswith("written: ")
    again = run_study(file, StudyOptions(seeds=(4,), variants=("a",), out=tmp_path / "out", resume=True))
    assert again[0].outcomes[0].digest == parts[0].outcomes[0].digest


def test_options_change_every_variant(tmp_path):
    fields = FIELDS | {"variants": [{"name": "a", "copies": 3, "seeds": [9]}]}
    (tmp_path / "toy.yaml").write_text(yaml.safe_dump(fields))
    options = StudyOptions(seeds=(7,), copies=2)
    described = variants.adjusted(load_experiment(tmp_path / "toy.yaml"), options)
    [variant] = variants.selected(described, ())
    assert (variant.copies, variant.seeds) == (2, (7,))


def test_variants_of_the_same_tasks_share_their_images(file):
    a, b, c = prepare(expand(load_experiment(file)), StudyOptions(train=20))
    assert a.tasks is b.tasks
    assert c.tasks is not a.tasks
    assert [len(task.train_labels) for task in (*a.tasks, *c.tasks)] == [20, 20, 20, 20]
    assert len(c.tasks[0].test_labels) == 5
    assert a.stamp == a.configuration + " cut 20/None/None"
    plain, _, _ = prepare(expand(load_experiment(file)), StudyOptions())
    assert plain.stamp == plain.configuration


def test_the_command_tells_what_decides_about_the_results(file, monkeypatch):
    monkeypatch.chdir(file.parent)
    assert command_of("toy.yaml", StudyOptions(threads=3, resume=True, out="x")) == "colanet continual toy.yaml"
    options = StudyOptions(
        seeds=(0, 1), variants=("a b", "c"), copies=2, train=5, test=4, tasks=1, settings=("population.L.tau_m=4",),
        lenient=True,
    )  # fmt: skip
    assert command_of(file, options) == (
        "colanet continual toy.yaml --seeds 0,1 --variant 'a b' --variant c --copies 2 --train 5 --test 4 "
        "--tasks 1 --set population.L.tau_m=4 --lenient"
    )
    (file.parent / "deep").mkdir()
    monkeypatch.chdir(file.parent / "deep")
    assert command_of(file, StudyOptions()) == "colanet continual toy.yaml"


@pytest.mark.parametrize(("options", "said"), [
    ({"seeds": ()}, "seeds: expected at least one"),
    ({"seeds": (1, 1)}, "seeds: a seed is given twice"),
    ({"seeds": (2**63,)}, "seeds: expected a whole number, 0 to 9223372036854775807, not 9223372036854775808"),
    ({"seeds": (-1,)}, "seeds: expected a whole number"),
    ({"copies": 0}, "copies: expected a whole number, 1 to 65536, not 0"),
    ({"train": 0}, "train: expected a whole number, 1 or more"),
    ({"test": 1.5}, "test: expected a whole number"),
    ({"tasks": "2"}, "tasks: expected a whole number"),
    ({"threads": 0}, "threads: expected a whole number"),
    ({"every": 0}, "every: expected a whole number"),
    ({"settings": ("copies",)}, "expected FIELD=VALUE"),
])  # fmt: skip
def test_options_out_of_range_are_refused_when_they_are_made(options, said):
    with pytest.raises(ConfigError, match=said):
        StudyOptions(**options)


def test_an_engine_that_is_not_there_is_refused_before_anything(file, tmp_path, monkeypatch):
    monkeypatch.setattr("colanet.continual.farm.make_tasks", None)  # no data are loaded
    with pytest.raises(BackendUnavailable, match=r"^unknown engine abacus; known: "):
        run_study(file, StudyOptions(engine="abacus", out=tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_an_engine_that_cannot_be_used_here_is_refused_before_anything_is_written(file, tmp_path, monkeypatch):
    def unusable(plan, threads):
        raise BackendUnavailable("no such card")

    REGISTRY.register("card", unusable)
    try:
        with pytest.raises(BackendUnavailable, match="no such card"):
            run_study(file, StudyOptions(engine="card", out=tmp_path / "out"))
    finally:
        REGISTRY.unregister("card")
    assert not (tmp_path / "out").exists()


def test_the_memory_of_all_copies_is_checked_before_anything_is_written(file, tmp_path, monkeypatch):
    monkeypatch.setenv(memory.VARIABLE, str(60 << 20))
    prepare(expand(load_experiment(file)), StudyOptions())
    with pytest.raises(ConfigError, match=r"needs about .* of memory for 2000 copies") as caught:
        run_study(file, StudyOptions(copies=2000, out=tmp_path / "out"))
    assert len(str(caught.value).splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_the_memory_of_all_workers_is_checked(file, tmp_path, monkeypatch):
    needed = 3 * memory.PROGRAM
    monkeypatch.setenv(memory.VARIABLE, str(needed))
    options = StudyOptions(workers=3, seeds=(0, 1), variants=("a", "b"), out=tmp_path / "out")
    with pytest.raises(ConfigError, match=r"of memory for 3 processes \(.*, programs 1.172 GiB\)") as caught:
        run_study(file, options)
    assert len(str(caught.value).splitlines()) == 1
    assert not (tmp_path / "out").exists()
    # No more processes than runs: the one run of one seed fits.
    prepare(expand(load_experiment(file))[:1], StudyOptions(workers=3, seeds=(0,)))
    monkeypatch.setenv(memory.VARIABLE, str(needed + (150 << 20)))
    prepare(expand(load_experiment(file)), options)


def test_an_interruption_says_how_to_go_on_if_there_is_anything(file, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    options = StudyOptions(variants=("a",), out=tmp_path / "out")
    original = running.run_one
    monkeypatch.setattr(running, "run_one", interrupted)
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        run_study(file, options)
    monkeypatch.setattr(running, "run_one", lambda v, seed, **k: interrupted() if seed else original(v, seed, **k))
    with pytest.raises(KeyboardInterrupt, match=r"^--resume goes on in .*out$"):
        run_study(file, options)
    monkeypatch.setattr(running, "run_one", original)
    assert len(run_study(file, StudyOptions(variants=("a",), out=tmp_path / "out", resume=True))[0].outcomes) == 2


# ------------------------------------------------------------------ on a GPU


@pytest.fixture
def gpu(monkeypatch):
    """A machine with one GPU, so it seems; gives the networks of every launch that runs some."""
    try:
        shim.compiler()
    except BackendUnavailable as error:
        pytest.skip(str(error))
    networks = []

    class Counted(fake_cupy.Kernel):
        def __call__(self, grid, *rest, **options):
            if self.name.startswith("run_"):
                networks.append(grid[0])
            super().__call__(grid, *rest, **options)

    monkeypatch.setattr(fake_cupy, "Kernel", Counted)
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.make())
    return networks


def files(folder):
    """What does not depend on time, of all files of a study."""
    found = {path.name: path.read_text() for path in folder.glob("*.csv")}
    for path in sorted(folder.glob("*.h5")):
        outcome = load_outcome(path)[0]
        found[path.name] = (outcome.digest, outcome.fields.tobytes(), np.asarray(outcome.confusion).tobytes())
    return found


@pytest.mark.parametrize("engine", ["cupy", "auto"])
def test_on_a_gpu_seeds_and_variants_run_side_by_side_and_leave_the_same(file, tmp_path, gpu, engine):
    few, said, watched = {"train": 12, "test": 4}, [], []

    @contextlib.contextmanager
    def progress(total):
        yield lambda done, of, text: watched.append((total, done, of))

    wanted = run_study(file, StudyOptions(engine="numba", out=tmp_path / "one", **few))
    options = StudyOptions(engine=engine, threads=1, out=tmp_path / "all", **few)
    parts = run_study(file, options, say=said.append, progress=progress)
    assert [[o.digest for o in part.outcomes] for part in parts] == [[o.digest for o in p.outcomes] for p in wanted]
    assert files(tmp_path / "all") == files(tmp_path / "one")
    assert len(files(tmp_path / "all")) == 7
    assert said[0] == "6 runs side by side, 6 networks"
    assert len([text for text in said if "after the last task" in text]) == 6
    assert max(gpu) == 6
    assert watched[-1][1] == watched[-1][2] > watched[-1][0]


@pytest.mark.slow
def test_a_study_side_by_side_is_interrupted_and_resumed_on_any_engine(file, tmp_path, gpu):
    options = {"train": 12, "test": 4, "variants": ("a", "c"), "every": 5, "out": tmp_path / "out"}
    calls = iter(range(5))

    @contextlib.contextmanager
    def progress(total):
        def watch(*_):
            if next(calls, None) is None:
                raise KeyboardInterrupt

        yield watch

    with pytest.raises(KeyboardInterrupt, match=r"^--resume goes on in .*out$"):
        run_study(file, StudyOptions(engine="cupy", **options), progress=progress)
    assert len(list((tmp_path / "out").glob("*.checkpoint.h5"))) > 0
    one = run_study(file, StudyOptions(engine="cupy", resume=True, **options))
    (tmp_path / "out" / "c_seed1.h5").unlink()
    again = run_study(file, StudyOptions(engine="numba", resume=True, **options))
    plain = run_study(file, StudyOptions(engine="numba", **options | {"out": tmp_path / "plain"}))
    for parts in (one, again):
        assert [[o.digest for o in part.outcomes] for part in parts] == [
            [o.digest for o in part.outcomes] for part in plain
        ]
    assert files(tmp_path / "out") == files(tmp_path / "plain")
    assert not list((tmp_path / "out").glob("*.checkpoint.h5"))


def test_one_run_alone_has_the_engine_to_itself(file, tmp_path, gpu):
    said = []
    options = StudyOptions(seeds=(1,), variants=("a",), engine="cupy", train=8, test=2, out=tmp_path / "out")
    run_study(file, options, say=said.append)
    assert said[0] == "a, seed 1: 2 tasks"
    assert set(gpu) == {1}
