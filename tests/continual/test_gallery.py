"""What is shown is made when it is shown, shared while it is shown, and then let go."""

import gc
import subprocess
import sys
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from colanet import datasets, hashing
from colanet.continual import gallery as module
from colanet.continual.gallery import Gallery
from colanet.continual.run import network_of
from colanet.continual.tasks import make_tasks
from tests.continual import tiny, toys

ROOT = Path(__file__).parents[2]
INPUTS = network_of(toys.experiment()).inputs
MEGABYTE = 1 << 20


@pytest.fixture
def tasks():
    return toys.tasks()


def test_permuted_tasks_share_one_array_of_images(tasks):
    for other in tasks[1:]:
        assert np.shares_memory(other.train_originals, tasks[0].train_originals)
        assert np.shares_memory(other.test_originals, tasks[0].test_originals)


def test_permuted_tasks_of_a_data_set_of_floats_share_one_array_too(monkeypatch):
    data = datasets.load("mnist")
    floats = replace(data, train_images=data.train_images[:30] / 2, test_images=data.test_images[:9] / 2)
    floats = replace(floats, train_labels=data.train_labels[:30], test_labels=data.test_labels[:9])
    monkeypatch.setattr("colanet.continual.tasks.datasets.load", lambda *arguments: floats)
    first, second = make_tasks(tiny.experiment(tasks=[{"dataset": "mnist", "repeat": 2, "permutation": 4}]))
    assert np.shares_memory(first.train_originals, second.train_originals)
    assert (first.train_images != second.train_images).any()


def test_images_cannot_be_written_and_leave_their_originals_writable():
    (task,) = tiny.tasks(1)
    assert task.train_originals.flags.writeable
    for images in (task.train_images, task.test_images, replace(task, permutation=np.arange(784)).train_images):
        assert not images.flags.writeable
        assert images.flags.c_contiguous


def test_runs_that_show_the_same_at_the_same_time_share_it(tasks):
    shown = Gallery(tasks)
    lesson = shown.lessons()[1]
    first, again = (shown.show(lesson, INPUTS, 60, 7) for _ in range(2))
    assert first is again
    other = shown.show(lesson, INPUTS, 60, 8)
    assert other is not first
    assert images_of(other) is images_of(first)
    assert shown.show(lesson, INPUTS, 59, 7) is not first
    assert shown.show(shown.lessons()[2], INPUTS, 60, 7) is not first
    assert shown.show(shown.test(1), INPUTS, 0, 7).n_test == 20


def images_of(presentation):
    return presentation.sources[0].parts[0].images


def test_what_is_not_shown_any_more_is_let_go(tasks, monkeypatch):
    made = []

    def spy(*arguments, **options):
        made.append(arguments)
        return present(*arguments, **options)

    present = module.present_arrays
    shown = Gallery(tasks)
    first = shown.show(shown.lessons()[0], INPUTS, 60, 7)
    gone = weakref.ref(images_of(first))
    monkeypatch.setattr(module, "present_arrays", spy)
    del first
    gc.collect()
    assert gone() is None
    shown.show(shown.lessons()[0], INPUTS, 60, 7)
    assert len(made) == 1


def test_a_mixture_is_all_images_in_the_order_of_its_seed(tasks):
    mixture = Gallery(tasks).mixture(5)
    order = hashing.shuffled(5, hashing.stream(hashing.Stream.MIXTURE, 0), 180)
    np.testing.assert_array_equal(mixture.make(), np.concatenate([t.train_images for t in tasks])[order])
    np.testing.assert_array_equal(mixture.labels, np.concatenate([t.train_labels for t in tasks])[order])
    assert mixture.key != Gallery(tasks).mixture(6).key


MEASURE = """
import resource, sys
from colanet.continual.run import Run
from colanet.continual.tasks import make_tasks
from tests.continual import tiny

described = tiny.experiment(tasks=[{"dataset": "mnist", "repeat": int(sys.argv[1]), "permutation": 1000}])
tasks = make_tasks(described)
run = Run(described, tasks, 0)
for k in range(len(tasks)):
    run.session.proceed(40)  # some images of every lesson, all of which are there
    run.session.present(run.test_of(k))
    run.session.proceed(40)
    run.advance()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_number_of_permuted_tasks():
    """A task of MNIST has 55 MB of images; eight more of them take less than one."""
    pytest.importorskip("resource")
    two, ten = (most(n) for n in (2, 10))
    assert ten - two < 40 * MEGABYTE


def most(n):
    """Largest resident memory, in bytes, of a process that shows so many tasks."""
    command = [sys.executable, "-c", MEASURE, str(n)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout) * (1 if sys.platform == "darwin" else 1024)
