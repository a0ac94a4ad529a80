"""Golden vectors: equal to the reference engine, read by Python alone and by Icarus Verilog."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import colanet
from colanet.checkpoints import saved
from colanet.config import override_all
from colanet.config.overrides import parse_settings
from colanet.encoding import build_sources
from colanet.engine.base import joined
from colanet.engine.reference import ReferenceEngine
from colanet.errors import ConfigError, DataError
from colanet.export import export
from colanet.inspection import thresholds
from colanet.plan import build
from colanet.plan.variables import NEURONS, PLASTIC
from colanet.session import Session
from colanet.units import FOREVER
from tests.engine.networks import networks

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "tests" / "plan" / "published.nnc"
READER = ROOT / "data_tools" / "check_vectors.py"
FEWER = {
    "weight_bits": 6, "resource_bits": 12, "resource_fraction": 8, "resource_rounding": "stochastic",
    "potential_bits": 16, "potential_step": 0.01, "random_generator": "jenkins32",
}  # fmt: skip
PERIOD = 15


@pytest.fixture(scope="module", params=[{}, FEWER], ids=["full", "fewer bits"])
def trained(request, tmp_path_factory):
    """The file of a network that has learnt 500 images and stands in the middle of the next."""
    network = colanet.load(CONFIG)
    changed = parse_settings([f"population.L.{field}={value}" for field, value in request.param.items()])
    network = override_all(network, changed)
    session = Session(network, copies=2, train=600, test=0, threads=1)
    session.proceed(500 * PERIOD + 7)
    path = tmp_path_factory.mktemp("trained") / "s.h5"
    session.save(path)
    return path


def write(path, folder, **options):
    """The manifest of vectors made from a saved network."""
    found = saved(path)
    paths = export("vectors", found.plan, found.state, folder, options=options, step=found.step)
    assert sorted(p.name for p in paths) == sorted(p.name for p in folder.iterdir())
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def read(folder, manifest, what, of, when):
    """Numbers of one file; rows of truth values where the unit is one bit a place."""
    told = next(f for f in manifest["files"] if (f["what"], f["of"], f["when"]) == (what, of, when))
    lines = (folder / told["file"]).read_text(encoding="ascii").splitlines()
    assert {len(line) for line in lines} <= {-(-told["width"] // 4)}
    values = [int(line, 16) for line in lines]
    if "step" in told["order"] and told["unit"] == "bit":
        return np.array([[value >> i & 1 for i in range(told["width"])] for value in values])
    half = 1 << told["width"] - 1
    return np.array([(v - 2 * half if told["signed"] and v >= half else v) * told["scale"] for v in values])


def check_state(folder, manifest, plan, state, copy, when):
    """All variables, weights and thresholds of one copy."""
    for owner, variables in [(p, NEURONS) for p in plan.populations] + [(p, PLASTIC) for p in plan.projections]:
        for variable in variables:
            key = f"{copy}/{owner.name}/{variable.key}"
            if key in state:
                found = read(folder, manifest, variable.key, owner.name, when)
                np.testing.assert_array_equal(found, state[key], err_msg=key)
    for p in plan.populations:
        found = read(folder, manifest, "threshold", p.name, when)
        np.testing.assert_array_equal(found, thresholds(plan, state, p.name, copy))
    for q in plan.projections:
        if q.kind == "plastic":
            rule = plan.populations[q.target].rule
            weight = rule.weights(state[f"{copy}/{q.name}/resource"])
            np.testing.assert_array_equal(read(folder, manifest, "weight", q.name, when), weight)
            np.testing.assert_array_equal(rule.weight_base + read(folder, manifest, "code", q.name, when), weight)


def check_against_reference(folder, manifest, plan, state, step, sources, learn, copy):
    """Every step of the reference engine, from the state on, over the data that the manifest names."""
    start, steps, first = (manifest[name] for name in ("first_step_of_data", "steps", "first_step"))
    engine = ReferenceEngine(plan)
    engine.load(state)
    silence = [(np.zeros(first - step + 1, dtype=np.int64), np.zeros(0, dtype=np.int32)) for _ in plan.inputs]
    engine.run(joined(silence, step, -plan.history, 0, first - step), step, first, freeze=0)
    check_state(folder, manifest, plan, engine.state(), copy, "before")
    made = [source.spikes(start, start + steps) for source in sources]
    inputs = joined(made, first - start, start - plan.history, start, start + steps)
    for number, (name, size) in enumerate(plan.inputs):
        shown = [np.isin(np.arange(size), inputs.at(number, t)) for t in range(first, first + steps)]
        np.testing.assert_array_equal(read(folder, manifest, "spikes", name, "step"), shown)
    traces = {
        (p.name, what): read(folder, manifest, what, p.name, "step").reshape(steps, p.size)
        for p in plan.populations
        for what in ("spikes", "potential", "gate")
        if what != "gate" or p.gated
    }
    for t in range(first, first + steps):
        engine.run(inputs, t, t + 1, freeze=FOREVER if learn else 0)
        for (name, what), rows in traces.items():
            now = engine._state[f"{copy}/{name}/{what}"]
            now = now[t % plan.history] if what == "spikes" else now
            np.testing.assert_array_equal(rows[t - first], now, err_msg=f"{name} {what} {t}")
    check_state(folder, manifest, plan, engine.state(), copy, "after")


@pytest.mark.parametrize("learn", [False, True])
def test_the_reference_engine_gives_the_same(trained, learn, tmp_path):
    found = saved(trained)
    manifest = write(trained, tmp_path, images=2, first=1, copy=1, learn=learn)
    begin = 900_000 * (not learn) + PERIOD
    told = {"steps": 30, "first_step": 501 * PERIOD, "first_step_of_data": begin, "copy": 1, "learn": learn}
    assert {key: manifest[key] for key in told} == told
    sources = build_sources(found.plan.description.inputs, seed=found.plan.seed).sources
    check_against_reference(tmp_path, manifest, found.plan, found.state, found.step, sources, learn, 1)
    before, after = (read(tmp_path, manifest, "resource", "R->L", when) for when in ("before", "after"))
    assert (before != after).any() == learn


def test_the_manifest_says_what_the_files_are(trained, tmp_path):
    manifest = write(trained, tmp_path, images=1)
    plan = saved(trained).plan
    for told in manifest["files"]:
        content = (tmp_path / told["file"]).read_bytes()
        assert told["sha256"] == hashlib.sha256(content).hexdigest()
        assert told["lines"] == content.count(b"\n")
    described = plan.description.populations[0]
    widths = {(f["what"], f["of"]): f["width"] for f in manifest["files"] if f["when"] == "before"}
    assert widths["code", "R->L"] == described.weight_bits
    assert widths["weight", "R->L"] == 16
    assert widths["resource", "R->L"] == described.resource_bits
    assert widths["potential", "L"] == described.potential_bits
    assert (manifest["colanet"], manifest["history"]) == (colanet.__version__, plan.history)
    assert manifest["populations"][0]["plasticity"] == vars(plan.populations[0].rule)
    assert colanet.config.model.Network.model_validate(manifest["configuration"]) == plan.description
    assert [used["name"] for used in manifest["data"]] == ["mnist"]
    # The first test image of MNIST is a 7.
    assert manifest["labels"] == [7]


@pytest.mark.slow
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=st.data())
def test_drawn_networks(drawn, tmp_path_factory):
    network = drawn.draw(networks())
    noisy = [i.model_copy(update={"noise": 0.15}) for i in network.inputs]
    network = network.model_copy(update={"inputs": tuple(noisy)})
    plan, sources = build(network, seed=3), build_sources(network.inputs, seed=3).sources
    engine = ReferenceEngine(plan)
    engine.run(engine.encode(sources, 0, 0, 20), 0, 20, freeze=20)
    folder, learn = tmp_path_factory.mktemp("drawn"), drawn.draw(st.booleans())
    copy = drawn.draw(st.integers(0, plan.copies - 1))
    options = {"steps": 40, "first": 5, "copy": copy, "learn": learn}
    export("vectors", plan, engine.state(), folder, options=options, step=20)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    check_against_reference(folder, manifest, plan, engine.state(), 20, sources, learn, copy)


# ------------------------------------------------------------------------ readers


def run_reader(folder):
    return subprocess.run([sys.executable, "-I", "-S", READER, folder], capture_output=True, text=True, check=False)


def damage(path, line):
    """Change the last digit of a line."""
    lines = path.read_text(encoding="ascii").splitlines()
    lines[line] = lines[line][:-1] + f"{int(lines[line][-1], 16) ^ 1:x}"
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


def test_python_alone_computes_the_same(trained, tmp_path):
    manifest = write(trained, tmp_path, images=8, part="train")  # with labels, so that BIASGATE fires
    ended = run_reader(tmp_path)
    fired = {name: sum(counts) for name, counts in manifest["spikes_of_neurons"].items()}
    expected = [f"{name}: {8 * PERIOD} steps equal, {number} spikes" for name, number in fired.items()]
    assert (ended.returncode, ended.stdout.splitlines()) == (0, expected)
    assert min(fired["L"], fired["OUT"]) > 0
    damage(tmp_path / "L.potential.mem", 70 * 150 + 3)
    assert "AssertionError: ('L', 'step', 70)" in run_reader(tmp_path).stderr


def test_the_short_example_reads_them(trained, tmp_path):
    write(trained, tmp_path, images=1)
    run = [sys.executable, "-I", "-S", ROOT / "data_tools" / "read_vectors.py", tmp_path]
    ended = subprocess.run(run, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout[:2], ended.stdout[-8:]) == (0, "L:", ", equal\n")
    damage(tmp_path / "R_L.code.before.mem", 5)
    ended = subprocess.run(run, capture_output=True, text=True, check=False)
    assert "R_L.code.before.mem is not the one that was written" in ended.stderr


def test_the_reader_refuses_what_it_does_not_compute(trained, tmp_path):
    write(trained, tmp_path, images=1, learn=True)
    ended = run_reader(tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("L: learning")


def run_bench(folder, manifest, build):
    """Compile the bench with the sizes of the manifest, and run it in the folder of the vectors."""
    p, projections = manifest["populations"][0], {q["name"]: q for q in manifest["projections"]}
    widths = {(f["what"], f["of"], f["when"]): f["width"] for f in manifest["files"]}
    rule = p["plasticity"]
    values = {
        "INPUTS": projections["R->L"]["source_size"], "N": p["size"], "COLUMN": p["column_size"],
        "STEPS": manifest["steps"], "FIRST": manifest["first_step"], "CODE": widths["code", "R->L", "before"],
        "WORD": widths["potential", "L", "step"], "W_MIN": rule["weight_base"], "W_STEP": rule["weight_step"],
        "U_STEP": p["potential_step"], "U_LIMIT": p["potential_limit"], "LEAK": p["leak"],
        "TEACH": projections["BIASGATE->L"]["weight"], "PERIOD": p["reset_period"], "PHASE": p["reset_phase"],
    }  # fmt: skip
    compiled = build / "bench.vvp"
    given = [f"-Pbench.{name}={value}" for name, value in values.items()]
    source = Path(__file__).with_name("vectors_bench.v")
    subprocess.run(["iverilog", "-g2005", "-o", compiled, *given, source], check=True, timeout=600)
    ended = subprocess.run(
        ["vvp", "-N", compiled], cwd=folder, capture_output=True, text=True, check=True, timeout=600
    )
    return dict(zip(*[iter(ended.stdout.split())] * 2, strict=True))


@pytest.mark.skipif(not shutil.which("iverilog"), reason="Icarus Verilog (iverilog) is not installed")
def test_verilog_computes_the_same(trained, tmp_path):
    folder = tmp_path / "vectors"
    manifest = write(trained, folder, images=8, part="train")
    fired = sum(manifest["spikes_of_neurons"]["L"])
    assert run_bench(folder, manifest, tmp_path) == {"steps": "120", "spikes": str(fired), "wrong": "0"}
    assert fired > 0
    damage(folder / "L.potential.mem", 70 * 150 + 3)
    assert run_bench(folder, manifest, tmp_path)["wrong"] == "1"


# ----------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"copy": 2}, "option copy: there is no copy 2, expected 0..1"),
        ({"images": 0}, "option images: 0, expected a whole number of 1 or more"),
        ({"first": -1}, "option first: -1, expected a whole number of 0 or more"),
        ({"part": "both"}, "option part: 'both', expected train or test"),
        ({"first": 9_999, "images": 2}, "steps 149985..150014 were asked for, there are 150000 steps of the test"),
    ],
)
def test_what_is_not_there_is_refused(trained, options, said, tmp_path):
    with pytest.raises(ConfigError, match=said.replace("(", r"\(")):
        write(trained, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_data_without_images_need_a_number_of_steps(tmp_path):
    session = Session(colanet.load(ROOT / "configs" / "single_neuron.yaml"), engine="reference")
    with pytest.raises(ConfigError, match="option steps: is needed"):
        export("vectors", session.plan, session.state(), tmp_path)
    export("vectors", session.plan, session.state(), tmp_path, options={"steps": 3})


def test_a_missing_data_folder(trained, tmp_path):
    with pytest.raises(DataError, match="no such folder of data"):
        write(trained, tmp_path / "out", data=str(tmp_path / "nowhere"))


def test_the_command(call, trained, tmp_path):
    words = (
        "--format",
        "vectors",
        "--learn",
        "--option",
        "images=1",
        "--option",
        "copy=1",
        "--out",
        tmp_path / "o",
    )
    status, out, err = call("export", trained, *words)
    assert (status, err) == (0, "")
    assert out.splitlines()[-1] == str(tmp_path / "o" / "manifest.json")
    manifest = json.loads((tmp_path / "o" / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["learn"], manifest["copy"], manifest["steps"]) == (True, 1, PERIOD)
    assert (tmp_path / "o" / "scale.mem").read_text(encoding="ascii").count("\n") == 1024


@pytest.mark.parametrize("name", ["0/L", "a b", "Ünï", ""])
def test_names_become_plain(name):
    from colanet.export.vectors import plain

    assert set(plain(name)) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
    assert plain(name)
