"""The format `sanafe`: SANA-FE, run as a program, makes the same spikes, to the last."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

import colanet
from colanet.config.model import Network
from colanet.engine.base import InputSpikes
from colanet.engine.reference import ReferenceEngine
from colanet.errors import ConfigError
from colanet.export import export
from colanet.plan import build
from colanet.plan.variables import initial_state
from colanet.session import Session

CONFIG = Path(__file__).parents[1] / "plan" / "published.nnc"
needs_sanafe = pytest.mark.skipif(
    importlib.util.find_spec("sanafe") is None, reason="SANA-FE is not here: pip install sanafe"
)


def network(seed):
    """A network of every feature that the format holds: leaks, floors, both resets, biases, loops."""
    rng = np.random.default_rng(seed)
    populations = [
        {
            "name": name,
            "size": size,
            "tau_m": tau,
            "bias": float(rng.choice([0.0, 0.5, -0.25])),
            "min_potential": floor,
            "reset": str(rng.choice(["zero", "subtract"])),
        }
        for name, size, tau, floor in (("A", 5, 3, None), ("B-1", 4, 2.5, -1.5), ("C", 3, "INFINITY", 0.0))
    ]
    populations[0] |= {"w_min": -2.0, "w_max": 3.0, "threshold_weight_factor": 0.1}
    links = [{"source": "R", "target": "A", "kind": "plastic", "connection": "all_to_all",
              "initial_resource": {"uniform": (0.0, 9.0)}}]  # fmt: skip
    for source, target in (("A", "B-1"), ("B-1", "C"), ("C", "A"), ("A", "A"), ("R", "C")):
        weight = int(rng.integers(-2000, 6000)) / 1000
        links.append({"source": source, "target": target, "connection": "random", "probability": 0.6,
                      "weight": weight})  # fmt: skip
    inputs = [{"name": "R", "kind": "noise", "size": 6}]
    return Network.model_validate({"inputs": inputs, "populations": populations, "projections": links})


def sanafe(folder, images, steps):
    out = folder / "spikes.json"
    runs = Path(__file__).with_name("sanafe_runs.py")
    words = [sys.executable, str(runs), str(folder), str(images), str(steps), str(out)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(out.read_text())


@needs_sanafe
@pytest.mark.parametrize("seed", range(4))
def test_sana_fe_makes_the_spikes_of_the_reference_engine(tmp_path, seed):
    steps = 2000
    plan = build(network(seed), input_sizes={"R": 6}, seed=seed)
    export("sanafe", plan, initial_state(plan), tmp_path / "out", options={"output": "C"})
    spikes = np.random.default_rng(seed).random((steps, 6)) < 0.4
    file = tmp_path / "out" / "network.yaml"
    text = file.read_text(encoding="utf-8")
    for node in range(6):
        train = ", ".join("01"[int(one)] for one in spikes[:, node])
        text = text.replace(f"        - {node}: []\n", f"        - {node}: [spikes: [{train}]]\n")
    file.write_text(text, encoding="utf-8")
    ptr = np.concatenate([np.zeros(plan.history), np.cumsum([0, *spikes.sum(axis=1)])]).astype(np.int64)
    inputs = InputSpikes(-plan.history, steps, (ptr,), (np.nonzero(spikes)[1].astype(np.int32),))
    record = [p.index for p in plan.populations]
    expected = ReferenceEngine(plan).run(inputs, 0, steps, freeze=0, record=record).records[0].tolist()
    start = {re.sub(r"\W", "_", p.name): p.start for p in plan.populations}
    (found,) = sanafe(tmp_path / "out", 1, steps)
    assert len(expected) > 500
    assert sorted([t, start[group] + neuron] for t, group, neuron in found) == expected


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A trained network and the spikes of twenty images."""
    session = Session(colanet.load(CONFIG), copies=1, train=600, test=0)
    session.run()
    folder = tmp_path_factory.mktemp("sanafe") / "out"
    export("sanafe", session.plan, session.state(), folder, options={"images": 20}, step=session.step)
    return folder


@needs_sanafe
def test_sana_fe_counts_what_the_manifest_says(written):
    told = json.loads((written / "manifest.json").read_text(encoding="utf-8"))
    arrays = np.load(written / "images.npz")
    counts = np.zeros_like(arrays["exported_votes"])
    for image, spikes in enumerate(sanafe(written, 20, told["evaluation"]["steps"])):
        for _, group, neuron in spikes:
            if group == told["output"]:
                counts[image, neuron] += 1
    assert counts.sum() > 10
    assert counts.tolist() == arrays["exported_votes"].tolist()
    assert told["evaluation"]["equal_answers"] == (arrays["answers"] == arrays["exported_answers"]).mean()


def test_the_files_are_yaml(tmp_path):
    plan = build(network(0), input_sizes={"R": 6}, seed=0)
    export("sanafe", plan, initial_state(plan), tmp_path / "out", options={"output": "C"})
    read = yaml.safe_load((tmp_path / "out" / "network.yaml").read_text(encoding="utf-8"))
    sizes = {group["name"]: len(group["neurons"]) for group in read["network"]["groups"]}
    assert sizes == {"input": 6, "A": 5, "B_1": 4, "C": 3}
    assert len(read["mappings"]) == 18
    assert len(read["network"]["edges"]) == 1 + sum(plan.count(p.index) for p in plan.projections[1:])
    chip = yaml.safe_load((tmp_path / "out" / "architecture.yaml").read_text(encoding="utf-8"))
    cores = chip["architecture"]["tile"][0]["core"]
    assert [core["name"] for core in cores] == ["data_core", "neurons_core[0..2]"]


def test_what_is_left_out_is_said(written):
    told = json.loads((written / "manifest.json").read_text(encoding="utf-8"))
    assert {o["what"] for o in told["left_out"]} >= {"gate", "winner-take-all", "learning", "random kick"}
    assert "truncation of the leak" not in {o["what"] for o in told["left_out"]}


def test_a_delay_that_it_does_not_hold_is_refused(tmp_path):
    described = network(0)
    late = described.projections[1].model_copy(update={"delay": 3})
    plan = build(described.model_copy(update={"projections": (described.projections[0], late)}),
                 input_sizes={"R": 6}, seed=0)  # fmt: skip
    with pytest.raises(ConfigError, match=r"^projection A->B-1: delay 3, the format sanafe holds delay 1 only$"):
        export("sanafe", plan, initial_state(plan), tmp_path / "out", options={"output": "B-1"})
    assert not (tmp_path / "out").exists()
