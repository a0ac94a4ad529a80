"""Sums that could leave the engines' integers are refused by name, with the sum and the limit."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from colanet import units as fixed
from colanet.config.check import check
from colanet.config.model import Network, Population
from colanet.errors import ConfigError
from colanet.plan import bounds, build


def network(population=None, projections=(), inputs=(), **others) -> Network:
    learner = {"name": "L", "size": 4, "columns": 2, "w_max": 1, **(population or {})}
    return Network.model_validate(
        {
            "inputs": [{"name": "R", "kind": "noise", "size": 784, "steps": 9}, *inputs],
            "populations": [learner],
            "projections": [{"source": "R", "target": "L", **projection} for projection in projections],
            **others,
        }
    )


def refused(*args, **kwargs) -> str:
    with pytest.raises(ConfigError) as caught:
        build(network(*args, **kwargs))
    return str(caught.value)


UNITS = {
    name: unit for name, field in Population.model_fields.items() if (unit := fixed.unit_of(field.metadata))
}


def _values(unit):
    """Numbers of all sizes, most of them near the largest that fits."""
    edge = unit.limit / unit.scale
    near = st.integers(-3, 3).map(lambda k: edge + k / unit.scale / 2)
    return st.one_of(near, st.floats(0, 3 * edge)).flatmap(lambda v: st.sampled_from([v, -v]))


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_validate_accepts_just_the_numbers_that_fit_the_plan(data):
    """The two read the same list, so neither refuses what the other takes."""
    name = data.draw(st.sampled_from([*UNITS, "fixed", "gating", "reward"]))
    population, projections = {}, [{"kind": "plastic", "connection": "all_to_all"}]
    if name in UNITS:
        unit = UNITS[name]
        population[name] = data.draw(_values(unit))
        population |= {"threshold_decay": 3, "presynaptic_period": 3}
    else:
        unit = fixed.WEIGHT_OF_KIND[name]
        weight = data.draw(_values(unit))
        weight = float(round(weight)) if name == "gating" else weight
        projections.append({"kind": name, "connection": "one_to_one", "weight": weight})
    try:
        described = network(population, projections)
    except ValidationError:
        return  # a sign that the field refuses
    found = [p for p in check(described) if "out of range" in p.message]
    try:
        build(described)
        refused_by_plan = []
    except ConfigError as error:
        refused_by_plan = [p for p in error.problems if "out of range" in p.message]
    assert bool(found) == bool(refused_by_plan)
    value = next(iter(population.values())) if name in UNITS else projections[-1]["weight"]
    assert bool(found) == (abs(round(Fraction(repr(value)) * unit.scale)) > unit.limit)


# -------------------------------------------------------------------------- sums


def test_rewards_that_add_up_beyond_the_limit_are_refused():
    """784 x 12 = 9408; the products of the rules leave room for 2^32, which is 4096.0."""
    reward = {"kind": "reward", "connection": "all_to_all"}
    says = "population L: its incoming rewards could add up to 9408 in one step, they must stay below 4096"
    assert refused(projections=[{**reward, "weight": -12}]) == says
    assert "rewards could add up to 4704 " in refused(projections=[{**reward, "weight": w} for w in (3, -3)])
    assert "rewards could add up to 4096 " in refused(projections=[{**reward, "weight": 4096 / 784}])
    build(network(projections=[{**reward, "weight": 5.2244}]))


@pytest.mark.parametrize(
    ("connection", "fan_in"),
    [
        ({"connection": "all_to_all"}, 784),
        ({"connection": "one_to_one"}, 196),
        ({"connection": "random"}, 784),
        ({"connection": "random", "max_inputs": 5}, 5),
        ({"connection": "within_columns"}, 1),
        ({"connection": "within_columns_except_same"}, 1),
        ({"connection": "other_columns"}, 784),
    ],
)
def test_sums_count_the_synapses_that_a_neuron_can_have(connection, fan_in):
    plan = build(network(projections=[{**connection, "weight": 1}]))
    assert plan.fan_in(plan.projections[0]) == fan_in
    weight = (fixed.POTENTIAL_LIMIT - 9_000_000) // (2000 * fan_in)
    build(network(projections=[{**connection, "weight": sign * weight} for sign in (1, -1)]))
    assert "could add up to" in refused(projections=[{**connection, "weight": 1.02 * weight}] * 2)


@pytest.mark.parametrize("connection", ["within_columns", "all_to_all", "one_to_one", "other_columns"])
@pytest.mark.parametrize(("size", "columns"), [(12, 3), (12, None), (4, 2)])
def test_no_neuron_has_more_synapses_than_the_bound(connection, size, columns):
    made = Network.model_validate(
        {
            "populations": [
                {"name": "A", "size": size, "columns": columns},
                {"name": "B", "size": 2 * size, "columns": columns},
            ],
            "projections": [
                {"source": a, "target": b, "connection": connection, "weight": 1} for a in "AB" for b in "AB"
            ],
        }
    )
    plan = build(made)
    for p in plan.projections:
        synapses = plan.synapses(p.index)
        most = max(((synapses.post == i).sum() for i in range(p.target_size)), default=0)
        assert most <= plan.fan_in(p)


def test_the_bias_and_the_kicks_count_too():
    weights = [{"connection": "all_to_all", "weight": 700}]
    build(network(projections=weights))
    assert "weights could add up to 1098800 " in refused({"bias": -550_000}, weights)
    assert "bias: 1100000 is out of range" in refused({"bias": 1_100_000}, [])


def test_votes_of_one_object_are_counted():
    target = {"name": "T", "kind": "object_target", "size": 2, "target_file": "x", "learning_time": 0}
    readout = {"population": "L", "kind": "object"}
    build(network(inputs=[{**target, "period": 2**30 - 1, "label_step": 0}], readout=readout))
    says = refused(inputs=[{**target, "period": 2**31 - 1, "label_step": 0}], readout=readout)
    assert says == (
        "readout: L could fire 4294967294 times for one class in a period of 2147483647 steps, "
        "at most 2147483647 are counted"
    )


@pytest.mark.parametrize("steps", [(-1, 3), (0, 2**61), (2**63, 2**63 + 1), (5, 4)])
def test_steps_whose_sums_leave_64_bits_are_refused(steps):
    with pytest.raises(ConfigError, match=f"steps {steps[0]} to {steps[1]}: steps lie between 0 and"):
        bounds.check_steps(*steps)
    bounds.check_steps(2**61 - 2, 2**61 - 1)


# ------------------------------------------------------------ the table of bounds


def test_products_at_their_bounds_fit_64_bits():
    """The lines of the table in `colanet.plan.bounds` that say int64, with the largest operands there are."""
    rate, reward, potential = 1000 * fixed.ONE, fixed.REWARD_LIMIT - 1, fixed.POTENTIAL_LIMIT
    product = rate * reward >> fixed.Q
    largest = {
        "counter x increment": fixed.RAMP_LIMIT * potential,
        "weight factor x weights": (1 << 30) * potential,
        "reward x step size": reward << fixed.SCALE_Q,
        "stability rate x reward": rate * reward,
        "stability rate x reward x factor": product * 2 * fixed.ONE,
        "stability": fixed.STABILITY_LIMIT + 2 * product,
        "distance": (3 * 4096) << fixed.Q,
        "step + memory": fixed.STEP_LIMIT + (1 << 62),
        "potential x leak": potential * 1024,
        "weight": 2 * (2 * 32767) * fixed.RESOURCE_LIMIT,
    }
    assert {name: value for name, value in largest.items() if value >= 2**63} == {}
