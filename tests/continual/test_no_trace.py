"""The runner: tests leave no trace, interruptions none either, engines and threads make no difference."""

import numpy as np
import pytest

from colanet.continual.run import Run, network_of
from colanet.continual.runner import run_one
from colanet.encoding.arrays import present_arrays
from colanet.errors import CheckpointError, ConfigError
from colanet.readout import decide
from colanet.session import Session
from tests.continual.toys import experiment, same, tasks

ARRAYS = ("matrix", "unanswered", "confusion", "untrained", "running", "boundaries", "fields")


@pytest.fixture(scope="module")
def outcome():
    return run_one(experiment(), 3)


def equal(a, b) -> bool:
    return a.digest == b.digest and all(same(getattr(a, name), getattr(b, name)) for name in ARRAYS)


def test_shapes_and_ranges(outcome):
    assert outcome.matrix.shape == (3, 3)
    assert (np.isnan(outcome.matrix) == np.triu(np.ones((3, 3), dtype=bool), 1)).all()
    assert outcome.fields.shape == (3, 784, 30)
    assert outcome.columns == 10
    assert outcome.boundaries.tolist() == [60, 120, 180]
    tested = np.tril(np.ones((3, 3), dtype=bool))
    answered = np.asarray(outcome.confusion).sum(axis=(2, 3))[tested]
    assert (answered + 20 * outcome.unanswered[tested] == 20).all()
    right = np.trace(outcome.confusion, axis1=2, axis2=3)[tested]
    assert (right / 20 == outcome.matrix[tested]).all()


def test_tests_leave_no_trace(outcome):
    """A plain session that only learns ends with the same bits, and answered the training images alike."""
    e, lessons = experiment(), tasks()
    network = network_of(e)
    run = Run(e, lessons, 3, "auto", None, None)
    session = Session(network, seed=3, presentation=run.lesson(0, network))
    right = []
    for k, task in enumerate(lessons):
        if k:
            session.present(run.lesson(k))
        session.run(60 * 20, freeze=60 * 20)
        right.append((decide(session.tally.votes) == task.train_labels).mean())
    assert session.result().digest == outcome.digest
    assert np.allclose(right, outcome.running)


def test_the_test_of_a_task_is_that_of_the_network_as_it_then_was(outcome):
    """Stopping after two tasks gives the same first two rows."""
    two = run_one(experiment(), 3, tasks=tasks()[:2])
    assert same(two.matrix, outcome.matrix[:2, :2])
    assert same(two.fields, outcome.fields[:2])


def test_threads_and_engines_make_no_difference(outcome):
    assert equal(run_one(experiment(), 3, threads=1), outcome)
    small = {"set": {"population.L.size": 20}, "copies": 1}
    cut = [{"dataset": "mnist", "repeat": 2, "permutation": 5, "train": 8, "test": 4}]
    a = run_one(experiment(tasks=cut, **small), 0, engine="reference")
    assert equal(a, run_one(experiment(tasks=cut, **small), 0, engine="numba"))


def test_seeds_differ(outcome):
    assert run_one(experiment(), 4).digest != outcome.digest


class Killed(Exception):
    pass


@pytest.mark.parametrize("change", [
    {}, {"joint": True}, {"forward": True}, {"migration": {"empty": 1, "every": 20, "silent": 10, "margin": 1}},
], ids=["plain", "joint", "forward", "migration"])  # fmt: skip
def test_killed_and_resumed_equals_uninterrupted(change, tmp_path):
    """Killed again and again at ever later places, in learning and in tests."""
    e, path = experiment(**change), tmp_path / "c.h5"
    whole = run_one(e, 3)
    for limit in range(20, 340, 45):

        def watch(done, total, text, limit=limit):
            if done >= limit:
                raise Killed

        try:
            parts = run_one(e, 3, checkpoint=path, resume=True, every=20, watch=watch)
        except Killed:
            continue
        break
    else:
        parts = run_one(e, 3, checkpoint=path, resume=True, every=20)
    assert equal(parts, whole)
    assert not path.exists()


def test_resuming_loses_at_most_the_images_since_the_last_checkpoint(tmp_path):
    path, seen = tmp_path / "c.h5", []

    def stop(done, total, text):
        if done >= 100:
            raise Killed

    with pytest.raises(Killed):
        run_one(experiment(), 3, checkpoint=path, every=20, watch=stop)
    run_one(experiment(), 3, checkpoint=path, resume=True, every=20, watch=lambda done, *_: seen.append(done))
    assert min(seen) >= 80


def test_checkpoints_of_others_are_refused(tmp_path):
    path = tmp_path / "c.h5"

    def stop(done, total, text):
        if done >= 40:
            raise Killed

    with pytest.raises(Killed):
        run_one(experiment(), 3, checkpoint=path, every=20, watch=stop)
    for other, seed in ((experiment(), 4), (experiment(set={"population.L.size": 40}), 3)):
        with pytest.raises(CheckpointError, match="another experiment"):
            run_one(other, seed, checkpoint=path, resume=True)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(CheckpointError, match="damaged, its checksum"):
        run_one(experiment(), 3, checkpoint=path, resume=True)


def test_forward_tests_each_task_before_it_is_learnt():
    found = run_one(experiment(forward=True), 3)
    assert not np.isnan(found.matrix[[0, 1], [1, 2]]).any()
    assert np.isnan(found.matrix[0, 2])
    assert not np.isnan(found.untrained).any()
    plain = run_one(experiment(), 3)
    assert found.digest == plain.digest
    assert same(np.tril(found.matrix), np.tril(plain.matrix))


def test_joint_training_shows_every_image_once():
    e = experiment(joint=True)
    run = Run(e, tasks(), 3, "auto", None, None)
    images, labels = run.lessons[0].make(), run.lessons[0].labels
    apart = np.concatenate([t.train_images for t in tasks()])
    assert sorted(map(bytes, images)) == sorted(map(bytes, apart))
    assert (np.bincount(labels) == np.bincount(np.concatenate([t.train_labels for t in tasks()]))).all()
    found = run_one(e, 3)
    assert np.isnan(found.matrix[:-1]).all()
    assert not np.isnan(found.matrix[-1]).any()


def test_no_two_tasks_share_their_random_spikes():
    run = Run(experiment(), tasks(), 3, "auto", None, None)
    seeds = [run.coding_seed(i) for i in range(6)]
    assert len(set(seeds)) == 6
    network = network_of(experiment())
    images = np.full((2, 784), 128, dtype=np.uint8)
    a, b = (present_arrays(network.inputs, images, np.zeros(2, dtype=np.int64), 2, seed=s) for s in seeds[:2])
    assert a.sources[0].spikes(0, 40)[1].tolist() != b.sources[0].spikes(0, 40)[1].tolist()


def test_a_network_without_answers_is_refused():
    with pytest.raises(ConfigError, match="one image input and one target"):
        run_one(experiment(network="configs/single_neuron.yaml", set={}), 0)
