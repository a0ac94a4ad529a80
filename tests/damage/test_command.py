"""`colanet damage`: the file is that of the functions, and `colanet run` takes it."""

import json
from pathlib import Path

import numpy as np
import pytest

from colanet.checkpoints import saved, saved_state
from colanet.damage import Damage
from colanet.storage import read_h5, write_h5

CONFIG = Path(__file__).parents[1] / "plan" / "published.nnc"
SMALL = ["--copies", "2", "--threads", "1", "--quiet", "--test", "20"]


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    from colanet import load
    from colanet.session import Session

    path = tmp_path_factory.mktemp("damage") / "state.h5"
    session = Session(load(CONFIG), copies=2, train=100, test=0, threads=1)
    session.proceed()
    session.save(path)
    return path


@pytest.fixture
def damage(call, state, tmp_path):
    """Damages a state by command; the file, and what was printed."""

    def run(*options, of=state, out="out.h5"):
        status, printed, err = call("damage", of, *options, "--out", tmp_path / out)
        assert (status, err) == (0, "")
        return tmp_path / out, printed

    return run


def test_the_file_holds_what_the_functions_give(damage, state):
    words = ("--weight-noise", 0.2, "--dead-synapses", 0.3, "--dead-neurons", 0.1, "--seed", 5)
    file, printed = damage(*words)
    plan, before = saved_state(state)
    expected = Damage(0.2, 0.3, 0.1, 5).of(plan, before)
    after = saved(file)
    assert after.step == saved(state).step
    for key, value in expected.items():
        np.testing.assert_array_equal(after.state[key], value, err_msg=key)
    size = plan.population("L").size
    n = size * 784
    lines = printed.splitlines()
    assert lines[0] == f"synapses of R->L: {int(0.3 * n + 0.5):,} of {n:,} dead in each copy"
    assert lines[1].startswith("weights of R->L: s.d. 0.")
    assert lines[2:] == [f"neurons of L: {int(0.1 * size + 0.5)} of {size} dead in each copy"]


def test_a_damaged_network_is_tested_by_run(damage, state, call):
    def tested(file, *more):
        status, out, err = call("run", CONFIG, *SMALL, "--train", "0", "--load", file, "--json", *more)
        assert (status, err) == (0, "")
        return json.loads(out)

    plain = tested(state)
    nothing, _ = damage()
    assert tested(nothing)["digest"] == plain["digest"]
    dead, _ = damage("--dead-neurons", 1, out="dead.h5")
    assert (plain["unanswered"] < 1, tested(dead)["unanswered"]) == (True, 1)
    some, _ = damage("--dead-neurons", 0.3, "--dead-synapses", 0.3, out="some.h5")
    keys = ("digest", "confusion")
    found = [tested(some, "--engine", engine) for engine in ("numba", "reference")]
    assert [found[0][key] for key in keys] == [found[1][key] for key in keys]
    assert found[0]["digest"] != plain["digest"]


def test_a_file_tells_what_was_done_to_it(damage):
    first, _ = damage("--dead-synapses", 0.1)
    second, _ = damage("--dead-neurons", 0.2, "--seed", 3, of=first, out="second.h5")
    told = json.loads(read_h5(second)[1]["damage"])
    nothing = {"weight_noise": 0, "dead_synapses": 0, "dead_neurons": 0, "seed": 0}
    assert told == [nothing | {"dead_synapses": 0.1}, nothing | {"dead_neurons": 0.2, "seed": 3}]


def test_what_is_refused_is_one_line(call, state, tmp_path):
    arrays, attributes = read_h5(state)
    write_h5(tmp_path / "odd.h5", arrays, attributes | {"damage": "?"})
    write_h5(tmp_path / "other.h5", {}, {"kind": "results"})
    out = tmp_path / "x.h5"
    cases = [
        ((state, "--dead-synapses", 2, "--out", out), "dead_synapses: 2.0 is out of range, expected 0 to 1"),
        ((state, "--out", state), f"{state}: expected another file than the network that is damaged"),
        ((tmp_path / "other.h5", "--out", out), f"{tmp_path}/other.h5: found results, expected a saved state"),
        ((tmp_path / "odd.h5", "--out", out), f"{tmp_path}/odd.h5: damaged, its list of damage cannot be read"),
    ]
    for words, message in cases:
        status, printed, err = call("damage", *words)
        assert (status, printed, err.strip()) == (2, "", message)
    assert not out.exists()
    assert read_h5(state)[1] == attributes


def test_a_network_that_learns_nothing_is_refused_before_anything_is_written(call, tmp_path):
    from colanet.config.model import Network
    from colanet.session import Session

    fixed, out = tmp_path / "fixed.h5", tmp_path / "x.h5"
    noise = {"name": "R", "kind": "noise", "size": 2, "noise": 0.1, "steps": 5}
    links = [{"source": "R", "target": "A", "connection": "all_to_all"}]
    Session(Network(inputs=[noise], populations=[{"name": "A", "size": 2}], projections=links)).save(fixed)
    status, printed, err = call("damage", fixed, "--out", out)
    message = "the network has no plastic projection, expected one that can be damaged"
    assert (status, printed, err.strip()) == (2, "", message)
    assert not out.exists()
