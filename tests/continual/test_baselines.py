"""The comparison methods: hand-worked penalties, samples and batches; runs that repeat; figures on real digits."""

import builtins
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import binom, chi2

from colanet import datasets
from colanet.continual.baselines import METHODS, read_options, run_baseline
from colanet.continual.baselines.replay import (
    Forgetful,
    Reservoir,
    ReservoirReplay,
    SelfReminder,
    reminder_slots,
)
from colanet.errors import BackendUnavailable, ConfigError, DataError


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


def toy(seed=0, n=200, n_test=60, pixels=16, classes=3, name="toy"):
    """Three blurred prototypes, other ones for every seed."""
    rng = np.random.default_rng(seed)
    prototypes = rng.integers(0, 2, (classes, pixels)) * 200

    def part(size):
        labels = rng.integers(0, classes, size)
        return np.clip(prototypes[labels] + rng.integers(0, 56, (size, pixels)), 0, 255).astype(np.uint8), labels

    (a, b), (c, d) = part(n), part(n_test)
    return SimpleNamespace(
        name=f"{name} {seed}", train_images=a, train_labels=b, test_images=c, test_labels=d,
        classes=("a", "b", "c"), shape=(4, pixels // 4),
    )  # fmt: skip


NETWORKS = tuple(method for method in METHODS if method.startswith("backprop"))
FAST = {"hidden": 12, "batch": 8, "optimizer": "sgd", "lr": 0.1}


# ------------------------------------------------------------------------------ memory


def rows(n, first=0):
    """Images that are their own number."""
    return np.arange(first, first + n).reshape(-1, 1), np.arange(first, first + n)


def test_plain_batches_are_all_images_once_in_order():
    batches = list(Forgetful(4).batches(*rows(10)))
    assert [b.labels.tolist() for b in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert [b.fresh for b in batches] == [4, 4, 2]


def test_reminder_slots_by_hand():
    # 3 stored among 6 fresh: every third place; 2 among 3: floor(2 s / 5) = 0 0 0 1 1 2 rises at places 2 and 4.
    assert np.flatnonzero(reminder_slots(6, 3)).tolist() == [2, 5, 8]
    assert np.flatnonzero(reminder_slots(3, 2)).tolist() == [2, 4]
    assert not reminder_slots(5, 0).any()
    assert reminder_slots(0, 4).all()
    assert len(reminder_slots(0, 0)) == 0


def test_the_third_task_is_mixed_with_a_tenth_of_the_first_two():
    memory = SelfReminder(12, 0.1, np.random.default_rng(0))
    for k in range(2):
        memory.keep(*rows(100, 1000 * k))
    batches = list(memory.batches(*rows(100, 2000)))
    shown = np.concatenate([b.labels for b in batches])
    assert shown[shown >= 2000].tolist() == list(range(2000, 2100))  # each once, in order
    old = shown[shown < 2000]
    assert len(old) == len(set(old)) == 20
    assert (old < 1000).sum() == 10
    # 20 of 120 are stored ones, so a batch of 12 holds exactly two.
    assert [len(b.labels) - b.fresh for b in batches] == [2] * 10
    assert all((b.images[:, 0] == b.labels).all() and (b.labels >= 2000).sum() == b.fresh for b in batches)
    again = np.concatenate([b.labels for b in memory.batches(*rows(100, 2000))])
    assert sorted(again) == sorted(shown)
    assert again.tolist() != shown.tolist()


def test_reservoir_keeps_everything_while_there_is_room():
    store = Reservoir(5, np.random.default_rng(0))
    store.offer(*rows(3))
    assert (store.filled, store.items[:3, 0].tolist(), store.labels[:3].tolist()) == (3, [0, 1, 2], [0, 1, 2])
    store.offer(*rows(2, 3))
    assert (store.filled, store.labels.tolist()) == (5, [0, 1, 2, 3, 4])


def test_reservoir_is_a_uniform_sample_however_the_stream_is_cut():
    n, size, trials = 40, 8, 2000
    rng = np.random.default_rng(1)
    kept = np.zeros(n)
    for _ in range(trials):
        store = Reservoir(size, rng)
        for first in range(0, n, 7):
            store.offer(*rows(min(7, n - first), first))
        assert len(set(store.labels)) == size
        assert (store.items[:, 0] == store.labels).all()
        kept[store.labels] += 1
    # Each item is kept with probability 1/5: all 40 counts within two-sided bounds of joint level 10^-6.
    low, high = binom.ppf([0.5e-6 / n, 1 - 0.5e-6 / n], trials, size / n)
    assert low <= kept.min()
    assert kept.max() <= high
    # The counts add up, so their standardised squares, times 39/40, are a chi-square of 39 degrees of freedom.
    p = size / n
    statistic = ((kept - trials * p) ** 2).sum() / (trials * p * (1 - p)) * (n - 1) / n
    assert chi2.ppf(0.5e-6, n - 1) < statistic < chi2.ppf(1 - 0.5e-6, n - 1)


def test_reservoir_replay_joins_stored_images_to_each_batch():
    memory = ReservoirReplay(10, 25, 5, np.random.default_rng(0))
    batches = list(memory.batches(*rows(50)))
    assert [len(b.labels) for b in batches] == [10] + [15] * 4
    assert all(b.fresh == 10 for b in batches)
    for k, b in enumerate(batches):
        assert b.labels[:10].tolist() == list(range(10 * k, 10 * k + 10))
        stored = b.labels[10:]
        assert len(set(stored)) == len(stored)
        assert (stored < 10 * k).all()
        assert (b.images[:, 0] == b.labels).all()
    few = list(ReservoirReplay(2, 3, 10, np.random.default_rng(0)).batches(*rows(8)))
    assert [len(b.labels) for b in few] == [2, 4, 5, 5]  # no more than are stored


# --------------------------------------------------------------------------------- EWC


def test_penalty_of_two_parameters_by_hand(torch):
    from colanet.continual.baselines.ewc import Consolidation

    net = torch.nn.Linear(1, 1)
    weight, bias = net.weight.data, net.bias.data
    ewc = Consolidation(strength=3.0, decay=0.5)
    assert ewc.penalty(net).item() == 0
    weight[:], bias[:] = 1.0, 2.0
    ewc.consolidate(net, {"weight": torch.tensor([[4.0]]), "bias": torch.tensor([10.0])})
    weight[:], bias[:] = 1.5, 1.0
    # 3/2 (4 x 0.25 + 10 x 1)
    assert ewc.penalty(net).item() == pytest.approx(16.5)
    ewc.penalty(net).backward()
    assert net.weight.grad.item() == pytest.approx(3 * 4 * 0.5)
    assert net.bias.grad.item() == pytest.approx(-30)
    ewc.consolidate(net, {"weight": torch.tensor([[1.0]]), "bias": torch.tensor([0.0])})
    weight[:], bias[:] = 2.5, 3.0
    # F* = (0.5 x 4 + 1, 0.5 x 10 + 0) = (3, 5), anchored at (1.5, 1): 3/2 (3 x 1 + 5 x 4)
    assert ewc.penalty(net).item() == pytest.approx(34.5)


def test_fisher_information_of_a_softmax_by_hand(torch):
    """With all weights 0 but the output biases (0, log 3): p = (1/4, 3/4), and F of a bias is p (1 - p)."""
    from colanet.continual.baselines.ewc import fisher
    from colanet.continual.baselines.network import Learner

    learner = Learner(2, 2, read_options("backprop", {"hidden": 3}))
    for value in learner.network.parameters():
        value.data.zero_()
    learner.network[3].bias.data[1] = np.log(3.0)
    torch.manual_seed(0)
    n = 1000
    found = fisher(learner, np.full((n, 2), 255, dtype=np.uint8))
    # The square is (1 - p)^2 or p^2, a two-valued variable: bounds of level 10^-6 for n draws.
    share = binom.ppf([0.5e-6, 1 - 0.5e-6], n, 0.25) / n
    low, high = (s * 0.75**2 + (1 - s) * 0.25**2 for s in share)
    assert low <= found["3.bias"][0].item() <= high
    assert low < 0.1875 < high
    assert found["3.bias"][1].item() == pytest.approx(found["3.bias"][0].item(), rel=1e-4)
    assert found["0.weight"].abs().max() == 0


def test_fisher_information_equals_one_gradient_at_a_time(torch, monkeypatch):
    from colanet.continual.baselines import ewc
    from colanet.continual.baselines.network import Learner, pixels_of

    monkeypatch.setattr(ewc, "HELD", 4 * (16 * 5 + 5 + 5 * 3 + 3))
    torch.manual_seed(3)
    learner = Learner(16, 3, read_options("backprop", {"hidden": 5}))
    monkeypatch.setattr(torch, "multinomial", lambda p, n: p.argmax(dim=1, keepdim=True))
    images = toy().train_images[:10]
    found = ewc.fisher(learner, images)
    total = {name: 0.0 for name in found}
    for x in pixels_of(images):
        learner.network.zero_grad()
        log_p = torch.log_softmax(learner.network(x), dim=0)
        log_p[log_p.argmax()].backward()
        for name, value in learner.network.named_parameters():
            total[name] = total[name] + value.grad**2 / 10
    for name, value in found.items():
        assert torch.allclose(value, total[name], rtol=1e-4, atol=1e-8)


def test_strength_zero_is_the_plain_network_and_strength_holds_the_first_task(torch):
    tasks = [toy(k, n=600) for k in range(2)]
    plain = run_baseline(tasks, "backprop", 0, options=FAST)
    none = run_baseline(tasks, "backprop-ewc", 0, options={**FAST, "strength": 0})
    np.testing.assert_array_equal(plain.confusion, none.confusion)
    held = run_baseline(tasks, "backprop-ewc", 0, options={**FAST, "strength": 30})
    assert held.matrix[1, 0] > plain.matrix[1, 0] + 0.2
    assert held.matrix[1, 1] > 0.9


# -------------------------------------------------------------------------------- runs


@pytest.mark.parametrize("method", NETWORKS)
def test_a_run_repeats_bit_for_bit_on_any_number_of_threads(torch, method):
    tasks = [toy(k, n=80) for k in range(3)]
    own = {"backprop-ewc": {"fisher_images": 20}, "backprop-reservoir": {"memory": 30}}.get(method, {})
    before = torch.get_num_threads()
    try:
        outcomes = []
        for threads, seed in ((1, 5), (2, 5), (1, 6)):
            torch.set_num_threads(threads)
            torch.manual_seed(threads)
            state = torch.get_rng_state()
            outcomes.append(run_baseline(tasks, method, seed, options=FAST | own))
            assert torch.get_num_threads() == threads
            assert (torch.get_rng_state() == state).all()
    finally:
        torch.set_num_threads(before)
    first, second, other = outcomes
    np.testing.assert_array_equal(first.confusion, second.confusion)
    np.testing.assert_array_equal(first.matrix, second.matrix)
    assert (first.untrained == second.untrained).all()
    assert (first.confusion != other.confusion).any()
    measured = ~np.isnan(first.matrix)
    expected = np.tril(np.ones((3, 3), bool)) if method != "backprop-joint" else np.arange(3)[:, None] == [2, 2, 2]
    np.testing.assert_array_equal(measured, expected)
    np.testing.assert_array_equal(first.confusion.sum(axis=(2, 3)), np.where(measured, 60, 0))
    diagonal = np.trace(first.confusion, axis1=2, axis2=3) / 60
    np.testing.assert_array_equal(first.matrix[measured], diagonal[measured])


def test_methods_differ_only_in_what_they_are(torch):
    """The first task of every method that does nothing before the second is the plain network's."""
    tasks = [toy(k, n=80) for k in range(2)]
    first = {m: run_baseline(tasks, m, 0, options=FAST).confusion[0, 0] for m in NETWORKS if m != "backprop-joint"}
    for method in ("backprop-self-reminder", "backprop-ewc", "backprop-si", "backprop-owm"):
        np.testing.assert_array_equal(first[method], first["backprop"])


def test_progress_counts_every_fresh_image_once(torch):
    tasks = [toy(k, n=50) for k in range(2)]
    for method in METHODS:
        seen = []
        options = FAST if method in NETWORKS else {}
        run_baseline(tasks, method, 0, options=options, watch=lambda *args, seen=seen: seen.append(args))
        done = [d for d, _, _ in seen]
        assert done == sorted(done)
        assert done[-1] == 100
        assert {total for _, total, _ in seen} == {100}


def test_real_digits_are_learnt_and_forgotten(torch):
    data = datasets.load("mnist")
    flat = data.train_images[:4000].reshape(4000, 784)
    rng = np.random.default_rng(0)
    options = {"hidden": 32, "batch": 8, "optimizer": "sgd", "lr": 0.2}

    def task(name, pixels):
        images, labels = flat[:, pixels], data.train_labels[:4000].astype(np.int64)
        return SimpleNamespace(
            name=name, classes=data.classes, train_images=images[:3000], train_labels=labels[:3000],
            test_images=images[3000:], test_labels=labels[3000:],
        )  # fmt: skip

    tasks = [task("plain", np.arange(784)), *(task("permuted", rng.permutation(784)) for _ in range(3))]
    plain = run_baseline(tasks, "backprop", 0, options=options)
    assert plain.untrained.max() < 0.25
    assert np.diag(plain.matrix).min() > 0.8
    assert plain.matrix[0, 0] - plain.matrix[3, 0] > 0.1
    kept = run_baseline(tasks, "backprop-self-reminder", 0, options=options)
    assert kept.matrix[3, 0] > plain.matrix[3, 0] + 0.1


# ------------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        ("perceptron", {}, "method: expected one of backprop, backprop-dropout"),
        ("backprop", {"lr": 0}, "options.lr: expected more than 0, not 0"),
        ("backprop", {"lr": float("nan")}, "options.lr: expected a finite number, not nan"),
        ("backprop", {"batch": 0}, "options.batch: expected at least 1, not 0"),
        ("backprop", {"batch": 2.5}, "options.batch: expected a whole number, not 2.5"),
        ("backprop", {"momentum": 0.9}, "options.momentum: unknown field"),
        ("backprop", {"optimizer": "rmsprop"}, "options.optimizer: expected one of sgd, adam, not 'rmsprop'"),
        ("backprop", {"strength": 5}, "options.strength: backprop has no such option, but batch, hidden, lr"),
        ("backprop-ewc", {"strength": -1}, "options.strength: expected at least 0, not -1"),
        ("backprop-ewc", {"decay": 1.5}, "options.decay: expected at most 1, not 1.5"),
        ("backprop-dropout", {"dropout": 1}, "options.dropout: expected less than 1, not 1"),
        ("backprop-reservoir", {"memory": 0}, "options.memory: expected at least 1, not 0"),
        ("backprop-self-reminder", {"reminder": 0}, "options.reminder: expected more than 0, not 0"),
    ],
)
def test_bad_options_are_one_line(method, options, message):
    with pytest.raises(ConfigError) as caught:
        run_baseline([toy()], method, 0, options=options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_bad_options_are_reported_at_once():
    with pytest.raises(ConfigError) as caught:
        read_options("backprop-ewc", {"lr": -1, "memory": 5, "batch": "many"})
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train_images": np.zeros((200, 9), np.uint8)}, "toy 1: training images of shape (200, 9)"),
        ({"test_images": np.zeros((0, 16), np.uint8), "test_labels": np.zeros(0, int)}, "toy 1: test images"),
        ({"train_labels": np.full(200, 3)}, "toy 1: training labels"),
        ({"test_labels": np.full(60, -1)}, "toy 1: test labels"),
        ({"classes": ("a", "b")}, "toy 1: training labels and classes"),
    ],
)
def test_tasks_that_do_not_fit(change, message):
    bad = toy(1)
    vars(bad).update(change)
    with pytest.raises(DataError) as caught:
        run_baseline([toy(0), bad], "backprop", 0)
    assert str(caught.value).startswith(message)
    with pytest.raises(DataError, match="no tasks"):
        run_baseline([], "backprop", 0)


def test_training_that_diverges_says_so(torch):
    with pytest.raises(ConfigError, match="smaller lr or strength"):
        run_baseline([toy(k) for k in range(2)], "backprop", 0, options={**FAST, "lr": 1e30})


def test_without_torch_the_install_command_is_named(monkeypatch):
    real = builtins.__import__

    def absent(name, *args, **kwargs):
        if name == "torch":
            raise ImportError("No module named 'torch'")
        return real(name, *args, **kwargs)

    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(BackendUnavailable) as caught:
        run_baseline([toy()], "backprop", 0)
    assert str(caught.value) == 'torch is not installed: pip install "colanet[torch]"'
    assert isinstance(caught.value.__cause__, ImportError)
