"""Network copies that see parts of a projection's source (docs/model.md, section 25)."""

import numpy as np
import pytest

from colanet import config
from colanet.config.model import Network
from colanet.engine.base import digest
from colanet.engine.reference import ReferenceEngine
from colanet.errors import CheckpointError, ConfigError
from colanet.export import export
from colanet.plan import build
from colanet.session import Session
from colanet.units import ONE

from .networks import random_input, votes_of
from .test_by_hand import LEARNER, spikes_at
from .test_equality import assert_same_state, totals

GOLDEN, MASK = 0x9E3779B97F4A7C15, (1 << 64) - 1
R = {"kind": "plastic", "connection": "all_to_all", "source": "R"}


def mix(z):
    z &= MASK
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    return z ^ (z >> 31)


def hashed(seed, projection, copy, node):
    """Section 16, written out: stream 14 of a projection, step 0."""
    key = mix(mix(seed + GOLDEN) + ((14 | projection << 8) << 32 | copy) * GOLDEN + GOLDEN)
    return mix(mix(key + GOLDEN) + node * GOLDEN + GOLDEN)


def network(populations, links, *, copies=2, **inputs):
    noise = {"kind": "noise", "noise": 0.2, "steps": 300}
    sections = [noise | {"name": name, "size": size} for name, size in inputs.items()]
    return Network.model_validate(
        {"inputs": sections, "populations": populations, "projections": links, "copies": copies}
    )


def small(**changes):
    """Two copies of a neuron, each of which sees two of four nodes; a spike of one of them makes it fire."""
    learner = LEARNER | {"hebbian_rate": -0.75, "isi_max": 2, "virtual_synapses": 3}
    link = R | {"target": "N", "initial_resource": 20, "source_fraction": 0.5} | changes
    return network([learner], [link], R=4)


# ---------------------------------------------------------------------- by hand


PARTS = [(4, 0.5, 2), (5, 0.5, 2), (7, 0.5, 4), (4, 0.01, 1), (9, 0.9, 8)]


@pytest.mark.parametrize(("size", "part", "many"), PARTS)
def test_the_nodes_with_the_smallest_hashes_take_part(size, part, many):
    links = [R | {"target": "N", "source_fraction": part}, R | {"target": "N", "source_fraction": part}]
    plan = build(network([LEARNER], links, copies=3, R=size), seed=11)
    for projection in (0, 1):
        for copy in range(3):
            ranked = sorted(range(size), key=lambda node: hashed(11, projection, copy, node))
            assert plan.seen(projection, copy).tolist() == sorted(ranked[:many])
            assert plan.count(projection, copy) == plan.synapses(projection, copy).count == many
            assert plan.synapses(projection, copy).pre.tolist() == sorted(ranked[:many])


@pytest.mark.parametrize("delay", [2, {"uniform": (1, 30)}])
@pytest.mark.parametrize("source", ["R", "N"])
def test_what_is_seen_is_as_if_all_were(source, delay):
    """Delays and initial resources belong to pairs; no neuron is connected with itself."""
    link = {"source": source, "target": "N", "initial_resource": {"uniform": (0, 9)}, "delay": delay}
    whole, parts = (
        build(network([LEARNER | {"size": 6}], [R | link | {"source_fraction": part}], R=11), seed=3)
        for part in (1.0, 0.4)
    )
    for copy in (0, 1):
        every, found = whole.synapses(0, copy), parts.synapses(0, copy)
        seen = np.isin(every.pre, parts.seen(0, copy))
        assert 0 < seen.sum() < every.count
        for name in ("pre", "post", "delay"):
            np.testing.assert_array_equal(getattr(every, name)[seen], getattr(found, name))
        np.testing.assert_array_equal(whole.resources(0, copy)[seen], parts.resources(0, copy))


def test_two_copies_by_hand(engine_of):
    """Copy 0 sees the nodes 0 and 3, copy 1 the nodes 1 and 3; a resource of 20 is a weight of 12."""
    plan = build(small())
    assert [plan.seen(0, copy).tolist() for copy in (0, 1)] == [[0, 3], [1, 3]]
    engine = engine_of(plan)
    inputs = spikes_at(plan, 40, {"R": {0: [0, 1, 2, 3], 10: [0], 20: [2], 30: [3]}})
    found = engine.run(inputs, 0, 4, freeze=40, record=[0])
    # Both fire at step 1, and both synapses lose 0.75. At step 3 the 1.5 are shared by 2 real and 3 virtual
    # synapses: 1572864 = 5 * 314572 + 4.
    assert [record.tolist() for record in found.records] == [[[1, 0]], [[1, 0]]]
    assert found.synaptic_events == 4
    for copy in (0, 1):
        assert engine.state()[f"{copy}/R->N/resource"].tolist() == [20 * ONE - 786432 + 314572] * 2
        assert engine.state()[f"{copy}/N/debt"].tolist() == [4]
        assert engine.state()[f"{copy}/N/virtual"].tolist() == [3 * 314572]
    found = engine.run(inputs, 4, 40, freeze=4, record=[0])
    assert [record.tolist() for record in found.records] == [[[11, 0], [31, 0]], [[31, 0]]]
    assert found.synaptic_events == 3


# --------------------------------------------------------------------- equality


def large(part=0.4, **more):
    """Plastic from an input over two words of nodes and from a population, fixed from an input; labels teach."""
    rules = {
        "hebbian_rate": -0.2, "hebbian_window": 1, "isi_max": 4, "dopamine_window": 5, "stability_rate": 0.05,
        "w_min": -0.4, "w_max": 2.0, "virtual_synapses": 5, "threshold_weight_factor": 0.02, "noise_amplitude": 0.5,
    }  # fmt: skip
    learner = rules | {"name": "L", "size": 40, "columns": 4, "winner_take_all": True, "tau_m": 3} | more
    parts = {"connection": "all_to_all", "source_fraction": part}
    links = [
        R | parts | {"target": "L", "initial_resource": {"uniform": (0, 1.5)}, "delay": 2},
        R | parts | {"target": "L", "source": "H", "initial_resource": 0.3},
        parts | {"source": "T", "target": "H", "weight": 5.0},
        {"source": "R", "target": "H", "connection": "random", "probability": 0.02, "weight": 6.0},
        {"source": "T", "target": "L", "connection": "one_to_one", "kind": "reward", "weight": 0.4, "delay": 3},
    ]
    return network([{"name": "H", "size": 70, "tau_m": 4}, learner], links, copies=3, R=150, T=4)


@pytest.mark.parametrize(
    ("part", "rate", "more"),
    [
        (0.4, 0.1, {"resource_fraction": 5, "virtual_synapses": 0}),
        (0.07, 0.7, {"presynaptic_rate": 0.02, "presynaptic_period": 5, "weight_bits": 6}),
        (0.999, 0.4, {"dopamine_rule": "three_factor"}),
    ],
)
def test_engines_agree(other_engine_of, part, rate, more):
    plan = build(large(part, **more), seed=5)
    inputs = random_input(plan, 200, 3, rate=rate)
    reference, other = ReferenceEngine(plan), other_engine_of(plan, 2)
    begun = totals(plan, reference.state())
    options = {"freeze": 170, "votes": votes_of(plan), "record": (0, 1)}
    expected = reference.run(inputs, 0, 200, **options)
    found = [other.run(inputs, start, stop, **options) for start, stop in ((0, 61), (61, 200))]
    assert_same_state(reference.state(), other.state())
    assert sum(one.synaptic_events for one in found) == expected.synaptic_events
    for copy in range(3):
        rows = np.concatenate([one.records[copy] for one in found])
        np.testing.assert_array_equal(rows, expected.records[copy])
        assert len(rows) > 20
        assert len(plan.seen(0, copy)) * 40 == len(other.state()[f"{copy}/R->L/resource"])
    for before, after in zip(begun, totals(plan, other.state()), strict=True):
        np.testing.assert_array_equal(before, after)
    other.load(other.state())
    assert_same_state(reference.state(), other.state())


def test_a_part_of_1_is_no_part(engine_of):
    digests = set()
    for link in ({}, {"source_fraction": 1.0}):
        described = Network.model_validate(large().model_dump() | {"projections": [R | link | {"target": "L"}]})
        assert "source_fraction" not in described.model_dump_json()
        plan = build(described)
        engine = engine_of(plan)
        engine.run(random_input(plan, 60, 1), 0, 60, freeze=60)
        digests.add(digest(engine.state(), 60))
    assert len(digests) == 1


# ------------------------------------------------------- sessions, files, pictures


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path):
    whole = Session(large()).run()
    first, second = Session(large()), Session(large(), threads=2)
    first.run(130)
    first.checkpoint(tmp_path / "c.h5")
    second.resume(tmp_path / "c.h5")
    assert second.run().digest == whole.digest
    first.save(tmp_path / "s.h5")
    with pytest.raises(CheckpointError, match=r"saved under seed 0, .* drawn from \(projection R->L\); this run"):
        Session(large(), seed=1).load(tmp_path / "s.h5")


def test_what_is_not_seen_has_no_weight():
    session = Session(large(), engine="reference")
    for copy in range(3):
        there = ~np.isnan(session.weights("R->L", copy))
        assert (there == np.isin(np.arange(150), session.plan.seen(0, copy))[:, None]).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source_fraction": 0}, "source_fraction: expected more than 0, not 0"),
        ({"source_fraction": 1.5}, "source_fraction: expected at most 1, not 1.5"),
        ({"connection": "random"}, "source_fraction: the connection random takes probability and max_inputs"),
        ({"kind": "reward", "weight": 1}, "source_fraction: expected a fixed or plastic projection, found reward"),
    ],
)
def test_refused_in_one_line(tmp_path, changes, message):
    link = ", ".join(f"{k}: {v}" for k, v in (R | {"target": "N", "source_fraction": 0.5} | changes).items())
    path = tmp_path / "n.yaml"
    path.write_text(
        "inputs:\n  - {name: R, kind: noise, size: 4, steps: 9}\npopulations:\n  - {name: N, size: 1, w_max: 1}\n"
        f"projections:\n  - {{{link}}}\n"
    )
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    assert str(caught.value).startswith(f"{path}:6: projection R->N: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_core_refuses_parts(tmp_path):
    plan = build(small())
    with pytest.raises(ConfigError, match="projection R->N: source_fraction: a core sees all of its input"):
        export("verilog", plan, ReferenceEngine(plan).state(), tmp_path / "core")
