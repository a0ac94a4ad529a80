"""Connection rules by hand; random draws against their distributions."""

import math

import numpy as np
import pytest

from colanet.config.model import Network, Projection
from colanet.errors import ConfigError
from colanet.plan import build
from colanet.plan.connect import Shape, connect, draw_delays, draw_memory, draw_resources
from colanet.units import MAX_DELAY, ONE


def pairs(source, target, recurrent=False, seed=0, copy=0, index=0, **values):
    projection = Projection.model_validate(
        {"source": "A", "target": "A" if recurrent else "B", "weight": 1.0, **values}
    )
    made = connect(projection, index, source, target, recurrent=recurrent, seed=seed, copy=copy)
    found = list(zip(made.pre.tolist(), made.post.tolist(), strict=True))
    assert len(set(found)) == len(found) == made.count == len(made.delay)
    return found


FOUR, SIX = Shape(4, 2), Shape(6, 3)
"""Two columns each: of two neurons and of three."""


# --------------------------------------------------------------- rules by hand


@pytest.mark.parametrize(
    ("n_source", "n_target", "expected"),
    [
        (3, 3, [(0, 0), (1, 1), (2, 2)]),
        (2, 4, [(0, 0), (0, 1), (1, 2), (1, 3)]),
        (4, 2, [(0, 0), (1, 0), (2, 1), (3, 1)]),
        # The ratio is rounded down, what is left over stays unconnected.
        (2, 5, [(0, 0), (0, 1), (1, 2), (1, 3)]),
        (5, 2, [(0, 0), (1, 0), (2, 1), (3, 1)]),
        (3, 4, [(0, 0), (1, 1), (2, 2)]),
        (1, 3, [(0, 0), (0, 1), (0, 2)]),
    ],
)
def test_one_to_one(n_source, n_target, expected):
    assert pairs(Shape(n_source), Shape(n_target), connection="one_to_one") == expected


def test_one_to_one_may_connect_a_neuron_to_itself():
    assert pairs(Shape(2), Shape(2), recurrent=True, connection="one_to_one") == [(0, 0), (1, 1)]


def test_all_to_all():
    assert pairs(Shape(2), Shape(3), connection="all_to_all") == [(i, j) for i in range(2) for j in range(3)]


def test_all_to_all_inside_a_population_leaves_out_self_connections():
    expected = [(i, j) for i in range(3) for j in range(3) if i != j]
    assert pairs(Shape(3), Shape(3), recurrent=True, connection="all_to_all") == expected


def test_within_columns():
    left, right = [(i, j) for i in (0, 1) for j in (0, 1, 2)], [(i, j) for i in (2, 3) for j in (3, 4, 5)]
    assert pairs(FOUR, SIX, connection="within_columns") == left + right


def test_within_columns_inside_a_population():
    assert pairs(FOUR, FOUR, recurrent=True, connection="within_columns") == [(0, 1), (1, 0), (2, 3), (3, 2)]


def test_other_columns():
    left, right = [(i, j) for i in (0, 1) for j in (3, 4, 5)], [(i, j) for i in (2, 3) for j in (0, 1, 2)]
    assert pairs(FOUR, SIX, connection="other_columns") == left + right


def test_without_columns_every_neuron_is_a_column():
    assert pairs(Shape(2), Shape(3), connection="within_columns") == [(0, 0), (1, 1)]
    assert pairs(Shape(2), Shape(3), connection="other_columns") == [(0, 1), (0, 2), (1, 0), (1, 2)]
    # A label node for each of two columns of three.
    assert pairs(Shape(2), SIX, connection="other_columns") == [
        (i, j) for i in (0, 1) for j in range(6) if j // 3 != i
    ]


def test_within_columns_except_same():
    assert pairs(FOUR, FOUR, connection="within_columns_except_same") == [(0, 1), (1, 0), (2, 3), (3, 2)]
    # Unequal columns: only equal indices are left out, wherever they lie.
    assert pairs(FOUR, SIX, connection="within_columns_except_same") == [
        (0, 1), (0, 2), (1, 0), (1, 2), (2, 3), (2, 4), (2, 5), (3, 4), (3, 5),
    ]  # fmt: skip


# -------------------------------------------------------------- random connection


@pytest.mark.parametrize("probability", [0.03, 0.1, 0.5, 0.9])
def test_random_connection_has_its_probability(probability):
    source, target = Shape(200), Shape(300)
    n = source.size * target.size
    counts = np.array(
        [len(pairs(source, target, connection="random", probability=probability, seed=seed)) for seed in range(8)]
    )
    error = math.sqrt(n * probability * (1 - probability))
    assert (abs(counts - n * probability) < 5 * error).all()
    assert abs(counts.mean() - n * probability) < 4 * error / math.sqrt(len(counts))
    assert len(set(counts.tolist())) > 1


def test_random_connection_of_probability_one_is_complete():
    assert pairs(Shape(3), Shape(2), connection="random") == [(i, j) for i in range(3) for j in range(2)]
    assert pairs(Shape(3), Shape(2), connection="random", probability=0.0) == []


def test_random_connection_leaves_out_self_connections():
    made = pairs(Shape(60), Shape(60), recurrent=True, connection="random", probability=0.5)
    assert made
    assert all(i != j for i, j in made)


def test_random_connection_depends_on_seed_copy_and_projection_only():
    def one(**values):
        return pairs(Shape(20), Shape(20), connection="random", probability=0.5, **values)

    assert one() == one()
    assert len({tuple(one(**v)) for v in ({}, {"seed": 1}, {"copy": 1}, {"index": 1})}) == 4


def test_max_inputs():
    made = pairs(Shape(50), Shape(40), connection="random", probability=0.5, max_inputs=7)
    counts = np.bincount([j for _, j in made], minlength=40)
    assert (counts == 7).all()  # 50 x 0.5 leaves fewer than 7 with a probability of 1e-7
    every = pairs(Shape(50), Shape(40), connection="random", probability=0.5)
    assert set(made) < set(every)
    # A limit that nobody reaches changes nothing.
    assert pairs(Shape(50), Shape(40), connection="random", probability=0.5, max_inputs=50) == every


def test_max_inputs_prefers_no_source():
    chosen = np.zeros(20)
    for seed in range(60):
        made = pairs(Shape(20), Shape(10), connection="random", max_inputs=5, seed=seed)
        chosen += np.bincount([i for i, _ in made], minlength=20)
    # 600 draws of 5 from 20 without replacement: 150 a source, deviation sqrt(600 / 4 * 3 / 4) = 10.6.
    assert (abs(chosen - 150) < 5 * 10.6).all()


# --------------------------------------------------------------------- delays


def delays(described, n=60_000, **values):
    projection = Projection.model_validate({"source": "A", "target": "B", "weight": 1.0, "delay": described})
    made = draw_delays(projection.delay, np.arange(n), 0, values.get("seed", 0), values.get("copy", 0))
    assert made.min() >= 1
    assert made.max() <= MAX_DELAY
    return made.astype(np.int64)


def test_a_constant_delay():
    assert (delays(30, 100) == 30).all()


@pytest.mark.parametrize(("low", "high"), [(1, 30), (5, 6), (7, 7)])
def test_uniform_delays(low, high):
    made = delays({"uniform": (low, high)})
    counts = np.bincount(made, minlength=32)
    share = 1 / (high - low + 1)
    assert set(np.flatnonzero(counts)) == set(range(low, high + 1))
    assert (abs(counts[low : high + 1] - len(made) * share) <= 5 * math.sqrt(len(made) * share * (1 - share))).all()


def test_log_normal_delays():
    # Mean and deviation of the value itself; far inside 1..30, so that clipping does not matter.
    made = delays({"log_normal": (10.0, 2.0)})
    assert abs(made.mean() - 10) < 4 * 2 / math.sqrt(len(made))
    assert made.std() == pytest.approx(math.hypot(2.0, math.sqrt(1 / 12)), rel=0.02)  # rounding adds 1/12
    assert np.median(made) == 10  # 10 / sqrt(1.04) = 9.8


def test_log_normal_delays_are_clipped():
    made = delays({"log_normal": (20.0, 40.0)})
    assert made.min() == 1
    assert made.max() == MAX_DELAY
    assert (delays({"log_normal": (4.0, 0.0)}, 100) == 4).all()


def test_delays_differ_between_copies_and_seeds():
    one = delays({"uniform": (1, 30)}, 100)
    assert (one == delays({"uniform": (1, 30)}, 100)).all()
    assert (one != delays({"uniform": (1, 30)}, 100, copy=1)).any()
    assert (one != delays({"uniform": (1, 30)}, 100, seed=1)).any()


# ---------------------------------------------------------- resources and memory


def resources(described, n=40_000):
    projection = Projection.model_validate(
        {"source": "A", "target": "B", "kind": "plastic", "initial_resource": described}
    )
    return draw_resources(projection.initial_resource, n, np.arange, 0, 0, 0, "here") / ONE


def test_constant_and_uniform_resources():
    assert (resources(0.25, 10) == 0.25).all()
    made = resources({"uniform": (0.3, 0.5)})
    assert 0.3 - 1 / ONE <= made.min() < 0.301
    assert 0.499 < made.max() <= 0.5 + 1 / ONE
    assert abs(made.mean() - 0.4) < 4 * 0.2 / math.sqrt(12 * len(made))


def test_discrete_resources():
    made = resources({"default": -1.0, "values": ((2.0, 0.25), (4.0, 0.5))})
    for value, share in ((-1.0, 0.25), (2.0, 0.25), (4.0, 0.5)):
        assert abs((made == value).sum() - len(made) * share) < 5 * math.sqrt(len(made) * share * (1 - share))


def test_resource_overflow_names_the_place_and_value():
    with pytest.raises(ConfigError, match=r"here: -3000 is out of range"):
        resources(-3000.0)


def test_memory_times():
    described = {"uniform": (3, 60)}
    population = Network.model_validate({"populations": [{"name": "M", "size": 1, "memory": described}]})
    made = draw_memory(population.populations[0].memory, 20_000, 0, 0, 0)
    assert (made.min(), made.max()) == (3, 60)
    assert abs(made.mean() - 31.5) < 4 * math.sqrt((58**2 - 1) / 12 / len(made))
    described = {"log_uniform": (3, 60)}
    population = Network.model_validate({"populations": [{"name": "M", "size": 1, "memory": described}]})
    made = draw_memory(population.populations[0].memory, 20_000, 0, 0, 0)
    assert (made.min(), made.max()) == (3, 60)
    assert abs(np.median(made) - math.sqrt(3 * 60)) <= 1
    assert (draw_memory(math.inf, 3, 0, 0, 0) == 1 << 62).all()
    assert (draw_memory(None, 3, 0, 0, 0) == 0).all()


# ----------------------------------------------------------------------- plans


def test_a_plan_shares_synapses_that_are_not_random():
    network = Network.model_validate(
        {
            "inputs": [{"name": "R", "kind": "noise", "size": 3}],
            "populations": [{"name": "N", "size": 4}],
            "copies": 2,
            "projections": [
                {"source": "R", "target": "N", "connection": "all_to_all", "weight": 1},
                {"source": "R", "target": "N", "probability": 0.5, "weight": 1},
                {"source": "N", "target": "N", "connection": "all_to_all", "weight": 1},
            ],
        }
    )
    plan = build(network)
    assert [p.name for p in plan.projections] == ["R->N", "R->N#2", "N->N"]
    assert plan.synapses(0, 0) is plan.synapses(0, 1)
    assert plan.synapses(1, 0) is not plan.synapses(1, 1)
    assert plan.synapses(2).count == 12
