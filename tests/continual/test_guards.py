"""Guards of the network of comparison methods: numbers by hand, what they hold, what they cost."""

import numpy as np
import pytest

from colanet.continual.baselines import run_baseline
from tests.continual.test_baselines import toy


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


def test_synaptic_intelligence_by_hand(torch):
    from colanet.continual.baselines.si import SynapticIntelligence

    net = torch.nn.Linear(1, 1, bias=False)
    value = net.weight
    value.data[:] = 1.0
    guard = SynapticIntelligence(net, strength=3.0, damping=0.5)
    for gradient, moved in ((4.0, -0.5), (2.0, -0.5), (1.0, 0.25)):
        value.grad = torch.tensor([[gradient]])
        guard.before_step(net)
        assert value.grad.item() == gradient  # nothing is held in the first task
        value.data += moved
        guard.after_step(net)
    guard.end_of_task(net)
    # w = 4 x 0.5 + 2 x 0.5 - 1 x 0.25 = 2.75; D = -0.75: Omega = 2.75 / (0.5625 + 0.5).
    omega = 2.75 / 1.0625
    assert guard.importance[0].item() == pytest.approx(omega)
    value.data += 0.2
    value.grad = torch.tensor([[1.0]])
    guard.before_step(net)
    assert value.grad.item() == pytest.approx(1 + 2 * 3 * omega * 0.2)
    value.data -= 1.0
    guard.after_step(net)
    # The path integral takes the gradient of the cross-entropy alone: -1 x -1.
    assert guard.path[0].item() == pytest.approx(1.0)
    value.data += 0.3
    value.grad = torch.tensor([[5.0]])
    guard.before_step(net)
    value.data += 1.0
    guard.after_step(net)
    guard.end_of_task(net)
    assert guard.importance[0].item() == pytest.approx(omega)  # w = 1 - 5 < 0 adds nothing


def test_projector_by_hand(torch):
    from colanet.continual.baselines.owm import OrthogonalWeights

    layer = torch.nn.Linear(1, 1)
    guard = OrthogonalWeights(torch.nn.Sequential(layer), alpha=0.5)
    layer(torch.tensor([[1.0], [3.0]]))  # the mean input and that of the bias: x = (2, 1)
    layer.weight.grad, layer.bias.grad = torch.tensor([[7.0]]), torch.tensor([3.0])
    guard.before_step(None)
    assert (layer.weight.grad.item(), layer.bias.grad.item()) == (7, 3)
    guard.end_of_task(None)
    # P = I - x x^T / (0.5 + 5).
    expected = torch.eye(2) - torch.tensor([[4.0, 2.0], [2.0, 1.0]]) / 5.5
    assert torch.allclose(guard.projectors[0].matrix, expected)
    layer.eval()
    layer(torch.tensor([[9.0]]))  # a test teaches nothing
    guard.before_step(None)
    row = torch.tensor([7.0, 3.0]) @ expected
    assert (layer.weight.grad.item(), layer.bias.grad.item()) == pytest.approx(tuple(row.tolist()))


def test_what_was_learnt_does_not_move_with_a_small_alpha(torch):
    """Gradients projected by P change no output for former inputs, up to alpha."""
    from colanet.continual.baselines.owm import OrthogonalWeights

    torch.manual_seed(0)
    layer = torch.nn.Linear(6, 4)
    guard, inputs = OrthogonalWeights(torch.nn.Sequential(layer), alpha=1e-6), torch.rand(3, 6)
    for x in inputs:
        layer(x[None])
        layer.weight.grad, layer.bias.grad = torch.rand(4, 6), torch.rand(4)
        guard.before_step(None)
    guard.end_of_task(None)
    before, other = layer(inputs), layer(torch.ones(1, 6))
    layer.weight.grad, layer.bias.grad = torch.rand(4, 6), torch.rand(4)
    guard.before_step(None)
    with torch.no_grad():
        layer.weight -= layer.weight.grad
        layer.bias -= layer.bias.grad
    assert torch.allclose(layer(inputs), before, atol=1e-3)
    assert (layer(torch.ones(1, 6)) - other).abs().max() > 0.05


def test_winners_by_hand(torch):
    from colanet.continual.baselines.network import winners

    values = torch.tensor([[3.0, 1.0, 2.0, 0.0], [0.0, 0.0, 5.0, 0.0]], requires_grad=True)
    found = winners(2)(values)
    assert found.tolist() == [[3, 0, 2, 0], [0, 0, 5, 0]]
    found.sum().backward()
    assert values.grad[0].tolist() == [1, 0, 1, 0]
    assert winners(9)(values).tolist() == values.tolist()


FAST = {"hidden": 12, "batch": 8, "optimizer": "sgd", "lr": 0.1}


def test_guards_that_do_nothing_are_the_plain_network(torch):
    tasks = [toy(k) for k in range(2)]
    plain = run_baseline(tasks, "backprop", 0, options=FAST).confusion
    for method, options in (("backprop-si", {"strength": 0}), ("backprop-kwta", {"active": 12}),
                            ("backprop-owm", {"alpha": 1e12})):  # fmt: skip
        np.testing.assert_array_equal(run_baseline(tasks, method, 0, options=FAST | options).confusion, plain)


def test_guards_hold_the_first_task(torch):
    tasks = [toy(k, n=600) for k in range(2)]
    adam = {"optimizer": "adam", "lr": 0.01}
    for method, options in (("backprop-si", FAST | adam | {"strength": 3}), ("backprop-owm", FAST)):
        plain = {name: value for name, value in options.items() if name in FAST | adam}
        lost = run_baseline(tasks, "backprop", 0, options=plain).matrix
        held = run_baseline(tasks, method, 0, options=options).matrix
        assert held[1, 0] > lost[1, 0] + 0.2, method
        assert held[1, 1] > 0.9, method


def test_costs_by_hand(torch):
    """16 pixels, 12 hidden units, 3 classes; 200 images and 2 tasks."""
    tasks = [toy(k) for k in range(2)]
    weights, parameters = 16 * 12 + 12 * 3, 16 * 12 + 12 + 12 * 3 + 3
    each = 2 * weights + 12 * 3 + parameters / 8  # forward, both gradients, the optimiser
    expected = {
        "backprop": (0, each),
        "backprop-si": (3 * parameters, each + 3 * parameters / 8),
        "backprop-owm": (2 * (17 * 18 // 2 + 13 * 14 // 2),
                         each + (17**2 * 13 + 17 * 9 + 13**2 * 4 + 13 * 7) / 8),
    }  # fmt: skip
    for method, (kept, operations) in expected.items():
        cost = run_baseline(tasks, method, 0, options=FAST).cost
        assert (cost.answering, cost.learning, cost.images) == (4 * parameters, 4 * kept, 0), method
        assert (cost.learn_operations, cost.test_operations) == (pytest.approx(operations), weights), method
    ewc = run_baseline(tasks, "backprop-ewc", 0, options=FAST | {"fisher_images": 20}).cost
    assert ewc.learning == 4 * 2 * parameters
    # Fisher information of 40 images; the penalty in all minibatches, also of the first task, when nothing is held.
    fisher = 40 * (2 * weights + 12 * 3 + parameters) / 400
    assert ewc.learn_operations == pytest.approx(each + fisher + 2 * parameters / 8)
    sparse = run_baseline(tasks, "backprop-kwta", 0, options=FAST | {"active": 2}).cost
    assert sparse.test_operations == 16 * 12 + 2 * 3
    assert sparse.learn_operations == 16 * 12 + 2 * 3 + 2 * (16 + 6) + parameters / 8
    replay = run_baseline(tasks, "backprop-reservoir", 0, options=FAST | {"memory": 30}).cost
    assert (replay.images, replay.image_bytes) == (30, 30 * 17)
    assert replay.memory == 4 * parameters + 30 * 17
    assert replay.learn_operations == pytest.approx(each + (2 * weights + 12 * 3) * (400 - 8) / 400)
    adam = run_baseline(tasks, "backprop", 0, options=FAST | {"optimizer": "adam"}).cost
    assert adam.learning == 2 * 4 * parameters
