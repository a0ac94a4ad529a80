"""The runner: tests leave no trace, and however a run is stopped, threaded or computed, the same bits come out."""

import os
from dataclasses import replace

import numpy as np
import pytest

from colanet.continual import gallery
from colanet.continual.outcome import BLOCK
from colanet.continual.run import network_of
from colanet.continual.runner import check_run, run_one
from colanet.costs import costs_of
from colanet.encoding.arrays import present_arrays
from colanet.errors import CheckpointError, ConfigError, DataError
from colanet.migration import Migration, migrate
from colanet.renewal import renew
from colanet.session import Session
from colanet.storage import read_h5, write_h5
from tests.continual import tiny

MIGRATION = {"empty": 1, "every": 5, "silent": 5, "moves": 3, "margin": 1.0, "least": 0}
TWO = tiny.tasks()
SWITCHES = {
    "plain": {},
    "forward": {"forward": True},
    "joint": {"joint": True, "forward": True},
    "migration": {"migration": MIGRATION, "forward": True, "copies": 2},
    "renewal": {"renewal": {"every": 5, "silent": 5}, "copies": 2},
}


class Killed(BaseException):
    """Stands for a kill: nothing in colanet catches it."""


def kill_after(calls):
    """A watch that kills a run at its so many-th call."""
    seen = iter(range(calls))

    def watch(*_):
        if next(seen, None) is None:
            raise Killed

    return watch


# -------------------------------------------------------------------- no trace


@pytest.mark.parametrize("forward", [False, True])
@pytest.mark.parametrize("migration", [None, MIGRATION], ids=["fixed", "migration"])
def test_tests_leave_no_trace(forward, migration):
    """A plain session that is shown only the training images ends in the same state."""
    tested = run_one(tiny.experiment(forward=forward, migration=migration), 7, tasks=TWO)
    described = tiny.experiment()
    network = network_of(described)
    shown = [
        present_arrays(network.inputs, t.train_images, t.train_labels, len(t.train_labels), seed=seed_of(7, 2 * k))
        for k, t in enumerate(TWO)
    ]
    session = Session(
        network, seed=7, presentation=shown[0], migration=Migration(**migration) if migration else None
    )
    session.run()
    session.present(shown[1])
    session.run()
    assert session.result().digest == tested.digest
    np.testing.assert_array_equal(np.float32(session.weights("R->L")), tested.fields[1])


def seed_of(seed, number):
    """Seed of the coding of lesson k (2 k) or of the test of task j (2 j + 1)."""
    from colanet import hashing

    return hashing.key(seed, hashing.stream(hashing.Stream.TASK, number))


def test_a_test_is_that_of_the_frozen_network_alone():
    """The figures on task 1 after task 2 are those of a session that is shown this test only."""
    outcome = run_one(tiny.experiment(), 7, tasks=TWO)
    network = network_of(tiny.experiment())
    session = Session(
        network, seed=7, presentation=present_arrays(
            network.inputs, TWO[0].train_images, TWO[0].train_labels, 12, seed=seed_of(7, 0)
        ),
    )  # fmt: skip
    session.run()
    second = TWO[1]
    seed = seed_of(7, 2)
    session.present(present_arrays(network.inputs, second.train_images, second.train_labels, 12, seed=seed))
    session.run()
    session.present(present_arrays(network.inputs, TWO[0].test_images, TWO[0].test_labels, 0, seed=seed_of(7, 1)))
    result = session.run(freeze=0)
    assert result.accuracy == outcome.matrix[1, 0]
    assert result.unanswered == outcome.unanswered[1, 0]
    np.testing.assert_array_equal(result.confusion[:10, :10], outcome.confusion[1, 0])


# ---------------------------------------------------------------------- resume


@pytest.mark.parametrize(
    ("name", "every"),
    [("plain", 5), ("plain", 100), ("forward", 5), ("joint", 5), ("migration", 5), ("renewal", 5)],
)
def test_killed_anywhere_and_resumed_is_uninterrupted(name, every, tmp_path, monkeypatch):
    """Killed at every report: within a task (with migration, between rounds), between tasks, during tests."""
    monkeypatch.setattr("colanet.session.CHUNK_STEPS", 100)
    described = tiny.experiment(**SWITCHES[name])
    calls = []
    whole = run_one(described, 3, tasks=TWO, watch=lambda *call: calls.append(call))
    path = tmp_path / "c.h5"
    for calls_left in range(len(calls)):
        with pytest.raises(Killed):
            run_one(described, 3, tasks=TWO, checkpoint=path, every=every, watch=kill_after(calls_left))
        tiny.same(run_one(described, 3, tasks=TWO, checkpoint=path, every=every, resume=True), whole)
        assert not path.exists()


def test_a_run_killed_again_and_again_goes_on_and_ends(tmp_path):
    described, path = tiny.experiment(forward=True), tmp_path / "c.h5"
    whole = run_one(described, 3, tasks=TWO)
    for sittings in range(100):
        try:
            last = run_one(
                described, 3, tasks=TWO, checkpoint=path, every=1, resume=True, watch=kill_after(6 + sittings % 3)
            )
            break
        except Killed:
            continue
    assert 0 < sittings < 99
    tiny.same(last, whole)


def test_synaptic_operations_are_those_of_the_same_sessions(tmp_path):
    """Counted as `colanet run --costs` counts them, tests apart from learning; also of a run that was resumed."""
    described, seed = tiny.experiment(copies=2), 4
    calls = []
    whole = run_one(described, seed, tasks=TWO, watch=lambda *call: calls.append(call)).cost
    network = network_of(described)
    session = Session(network, seed=seed, presentation=lesson(network, 0, seed))
    learnt = tested = 0
    for k in range(len(TWO)):
        if k:
            session.present(lesson(network, k, seed))
        session.proceed(freeze=10**9)
        learnt += session.counts.events
        place = session.bookmark()
        for j in range(k + 1):
            t = TWO[j]
            session.present(
                present_arrays(network.inputs, t.test_images, t.test_labels, 0, seed=seed_of(seed, 2 * j + 1))
            )
            session.proceed(freeze=0)
            costs = costs_of(session)
            tested += costs.parts["test"].synaptic_events
        session.return_to(place)
    footprint = costs.footprint
    assert whole.answering == 2 * (footprint.weights + footprint.neurons)
    assert (whole.learning, whole.images, whole.image_bytes) == (2 * footprint.learning, 0, 0)
    assert whole.learn_operations == learnt / 24
    assert whole.test_operations == tested / 18
    path = tmp_path / "c.h5"
    with pytest.raises(Killed):
        run_one(described, seed, tasks=TWO, checkpoint=path, watch=kill_after(len(calls) - 1))
    assert path.exists()
    assert run_one(described, seed, tasks=TWO, checkpoint=path, resume=True).cost == whole


def lesson(network, k, seed):
    """What a run shows of a task that is learnt."""
    t = TWO[k]
    return present_arrays(
        network.inputs, t.train_images, t.train_labels, len(t.train_labels), seed=seed_of(seed, 2 * k)
    )


def test_a_checkpoint_that_counted_no_operations_goes_on_without_them(tmp_path):
    described, path = tiny.experiment(), tmp_path / "c.h5"
    whole = run_one(described, 0, tasks=TWO, checkpoint=path, keep=True)
    arrays, attributes = read_h5(path)
    del arrays["book/operations"]
    write_h5(path, arrays, attributes)
    found = run_one(described, 0, tasks=TWO, checkpoint=path, resume=True)
    tiny.same(found, whole)
    assert found.cost.as_dict()["learn_operations"] is None
    assert found.cost.memory == whole.cost.memory


def test_moves_really_happen_where_migration_is_tested(tmp_path, monkeypatch):
    moved = []

    def noted(*arguments):
        moves = migrate(*arguments)
        moved.extend(moves)
        return moves

    monkeypatch.setattr("colanet.observers.migration.migrate", noted)
    run_one(tiny.experiment(**SWITCHES["migration"]), 3, tasks=TWO)
    assert moved


def test_neurons_really_begin_anew_where_renewal_is_tested(monkeypatch):
    renewed = []
    monkeypatch.setattr(
        "colanet.observers.renewal.renew", lambda *given: (renewed.append(given[-1]), renew(*given))
    )
    run_one(tiny.experiment(**SWITCHES["renewal"]), 3, tasks=TWO)
    assert renewed


def test_the_last_checkpoint_stays_if_asked_and_ends_alike(tmp_path):
    path = tmp_path / "c.h5"
    whole = run_one(tiny.experiment(), 0, tasks=TWO, checkpoint=path, every=5, keep=True)
    assert path.exists()
    tiny.same(run_one(tiny.experiment(), 0, tasks=TWO, checkpoint=path, resume=True), whole)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("fields", "seed", "tasks"),
    [
        ({"set": {"population.L.size": 20, "population.L.tau_m": 4}}, 0, TWO),
        ({"forward": True}, 0, TWO),
        ({"migration": MIGRATION}, 0, TWO),
        ({"renewal": {}}, 0, TWO),
        ({}, 1, TWO),
        ({}, 0, tiny.tasks(seed=1)),
        ({}, 0, TWO[:1]),
        ({}, 0, (TWO[0], replace(TWO[1], test_originals=TWO[1].test_originals[::-1]))),
        ({}, 0, (TWO[0], replace(TWO[1], train_originals=TWO[1].train_originals[[*range(11), 0]]))),
    ],
)  # fmt: skip
def test_checkpoints_of_other_runs_are_refused(fields, seed, tasks, tmp_path):
    path = tmp_path / "c.h5"
    run_one(tiny.experiment(), 0, tasks=TWO, checkpoint=path, every=5, keep=True)
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match="another experiment"):
        run_one(tiny.experiment(**fields), seed, tasks=tasks, checkpoint=path, resume=True)
    assert path.read_bytes() == before


def test_a_damaged_checkpoint_is_refused(tmp_path):
    path = tmp_path / "c.h5"
    path.write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match=r"c\.h5: not a readable"):
        run_one(tiny.experiment(), 0, tasks=TWO, checkpoint=path, resume=True)


# -------------------------------------------------------------------- same bits


def test_threads_do_not_matter():
    described = tiny.experiment(copies=3, migration=MIGRATION)
    tiny.same(run_one(described, 0, tasks=TWO, threads=1), run_one(described, 0, tasks=TWO, threads=2))


@pytest.mark.parametrize("name", SWITCHES)
def test_engines_do_not_matter(name):
    described, cut = tiny.experiment(**SWITCHES[name]), tiny.tasks(train=12, test=3)
    tiny.same(*(run_one(described, 0, tasks=cut, engine=engine) for engine in ("reference", "numba")))


def test_the_checkpoint_interval_does_not_matter(tmp_path):
    found = [run_one(tiny.experiment(), 0, tasks=TWO, checkpoint=tmp_path / "c", every=n) for n in (1, 5, 12, 99)]
    for other in found[1:]:
        tiny.same(found[0], other)


def test_the_seed_matters():
    assert run_one(tiny.experiment(), 0, tasks=TWO).digest != run_one(tiny.experiment(), 1, tasks=TWO).digest


# ------------------------------------------------------------------- what is shown


@pytest.fixture
def shown(monkeypatch):
    """(images, labels, number taught, coding seed) of everything that runs show, in order."""
    calls = []

    def spy(inputs, images, labels, n_taught, *, seed):
        calls.append((images, labels, n_taught, seed))
        return present_arrays(inputs, images, labels, n_taught, seed=seed)

    monkeypatch.setattr(gallery, "present_arrays", spy)
    return calls


def test_no_two_tasks_nor_learning_and_test_share_random_spikes(shown):
    three = tiny.tasks(3)
    run_one(tiny.experiment(forward=True), 0, tasks=three)
    run_one(tiny.experiment(forward=True), 1, tasks=three)
    seeds = {}
    for images, _, n_taught, seed in shown:
        seeds.setdefault((images.tobytes(), n_taught > 0), set()).add(seed)
    assert len(seeds) == 6
    assert all(len(found) == 2 for found in seeds.values())
    assert len(set.union(*seeds.values())) == 12


def test_taught_are_training_images_only_and_each_once(shown):
    run_one(tiny.experiment(forward=True), 0, tasks=TWO)
    taught = [images for images, _, n_taught, _ in shown if n_taught]
    assert [t.tobytes() for t in taught] == [t.train_images.tobytes() for t in TWO]
    assert all(n in (0, len(labels)) for _, labels, n, _ in shown)


def test_joint_training_sees_each_image_once_with_its_label(shown):
    outcome = run_one(tiny.experiment(joint=True), 0, tasks=TWO)
    (images, labels, n_taught, _), *tests = shown
    assert n_taught == 24
    assert all(call[2] == 0 for call in tests)
    there = sorted((i.tobytes(), y) for t in TWO for i, y in zip(t.train_images, t.train_labels, strict=True))
    assert sorted((i.tobytes(), y) for i, y in zip(images, labels, strict=True)) == there
    assert images.tobytes() != np.concatenate([t.train_images for t in TWO]).tobytes()
    assert outcome.boundaries.tolist() == [24]
    assert np.isnan(outcome.matrix[0]).all()
    assert not np.isnan(outcome.matrix[1]).any()
    assert outcome.fields.shape == (1, 784, 20)


def test_joint_training_mixes_otherwise_with_another_seed(shown):
    for seed in (0, 1):
        run_one(tiny.experiment(joint=True), seed, tasks=TWO)
    first, second = (call[0] for call in shown if call[2])
    assert first.tobytes() != second.tobytes()


# --------------------------------------------------------------------- the outcome


def test_shapes_and_what_is_not_tested():
    three = tiny.tasks(3, train=BLOCK + 10, test=20)
    o = run_one(tiny.experiment(), 5, tasks=three)
    assert (np.isnan(o.matrix) == np.triu(np.ones((3, 3), bool), 1)).all()
    assert (np.isnan(o.unanswered) == np.isnan(o.matrix)).all()
    assert np.isnan(o.untrained).all()
    assert o.confusion.shape == (3, 3, 10, 10)
    assert o.fields.shape == (3, 784, 20)
    assert o.columns == 10
    assert o.boundaries.tolist() == [510, 1020, 1530]
    assert len(o.running) == 6
    assert o.seed == 5
    tested = ~np.isnan(o.matrix)
    answered = np.asarray(o.confusion).sum(axis=(2, 3))
    np.testing.assert_allclose(np.trace(o.confusion, axis1=2, axis2=3)[tested] / 20, o.matrix[tested])
    np.testing.assert_allclose(1 - answered[tested] / 20, o.unanswered[tested])
    assert (answered[~tested] == 0).all()
    # Learning these tasks is easy: the network does what it is for.
    assert (o.matrix.diagonal() > 0.5).all()
    assert (o.running[1::2] > 0.3).all()
    assert o.train_seconds > 0
    assert o.test_seconds > 0
    assert o.seconds == o.train_seconds + o.test_seconds


def test_looking_ahead_fills_what_forward_transfer_needs():
    o = run_one(tiny.experiment(forward=True), 0, tasks=tiny.tasks(3))
    assert not np.isnan(o.untrained).any()
    assert not np.isnan([o.matrix[0, 1], o.matrix[1, 2]]).any()
    assert np.isnan(o.matrix[0, 2])
    plain = run_one(tiny.experiment(), 0, tasks=tiny.tasks(3))
    assert plain.digest == o.digest
    low = np.tril_indices(3)
    np.testing.assert_array_equal(plain.matrix[low], o.matrix[low])


@pytest.mark.parametrize("name", SWITCHES)
def test_progress_never_goes_back_and_ends_full(name, monkeypatch):
    monkeypatch.setattr("colanet.session.CHUNK_STEPS", 50)
    calls = []
    run_one(tiny.experiment(**SWITCHES[name]), 0, tasks=TWO, watch=lambda *call: calls.append(call))
    done = [call[0] for call in calls]
    assert done == sorted(done)
    assert done[-1] == calls[-1][1]
    assert len({call[1] for call in calls}) == 1


def test_a_state_named_by_the_network_is_found_beside_it(tmp_path):
    first = Session(network_of(tiny.experiment()), train=5, test=0)
    first.run()
    (tmp_path / "nets").mkdir()
    first.save(tmp_path / "nets" / "state.h5")
    text = (tiny.ROOT / "tests" / "plan" / "published.nnc").read_text()
    (tmp_path / "nets" / "published.nnc").write_text(text)
    values = {"population.L.size": 20, "state": "state.h5"}
    described = tiny.experiment(network="nets/published.nnc", folder=tmp_path, set=values)
    check_run(described, TWO)
    assert run_one(described, 0, tasks=TWO).digest != run_one(tiny.experiment(), 0, tasks=TWO).digest


# ------------------------------------------------------------------------ refusals


def bad_label(task):
    labels = task.test_labels.copy()
    labels[-1] = 10
    return replace(task, test_labels=labels)


def test_what_a_run_would_refuse_is_found_before():
    check_run(tiny.experiment(), TWO)
    check_run(tiny.experiment(joint=True, migration=MIGRATION, copies=4), TWO)
    with pytest.raises(DataError, match=r"labels from [0-9] to 10, but input"):
        check_run(tiny.experiment(), (TWO[0], bad_label(TWO[1])))
    with pytest.raises(ConfigError, match="no population NONE"):
        check_run(tiny.experiment(migration=MIGRATION | {"demand": "NONE"}), TWO)
    with pytest.raises(ConfigError, match="inputs"):
        check_run(tiny.experiment(network="patterns.nnc", set={}, folder=tiny.ROOT / "configs"), TWO)
