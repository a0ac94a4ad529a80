"""Study files: what they say, and what is refused."""

import pytest

from colanet import config
from colanet.config.overrides import current, override_all
from colanet.errors import ConfigError
from colanet.search.loop import objective
from colanet.search.space import Parameter, as_text, settings
from colanet.search.study import load_study
from tests.search import toys

STUDY = """
name: small
experiment: some.yaml
sampler: {kind: genetic, mutation_rate: 0.2}
generation: 4
seeds: [7, 8]
parameters:
  population.L.tau_m: {low: 2, high: 10, integer: true}
  population.L.w_max: {low: 0.05, high: 0.5, log: true}
  projection.R->L.delay: {choices: [1, 2]}
objective: {ACC: 1.0, FM: -0.2}
start:
  - {population.L.tau_m: 5}
  - shipped
"""


def read(tmp_path, text):
    path = tmp_path / "study.yaml"
    path.write_text(text)
    return load_study(path)


def refused(tmp_path, text):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    return [str(p).removeprefix(f"{tmp_path}/") for p in caught.value.problems]


def test_reads_a_study(tmp_path):
    study = read(tmp_path, STUDY)
    assert (study.sampler.kind, study.sampler.mutation_rate) == ("genetic", 0.2)
    assert study.parameters["population.L.tau_m"].integer
    assert study.objective == {"ACC": 1.0, "FM": -0.2}
    assert study.start == ({"population.L.tau_m": 5}, {"shipped": "shipped"})
    assert read(tmp_path, STUDY.replace("{ACC: 1.0, FM: -0.2}", "AIA")).objective == {"AIA": 1.0}


def test_the_study_of_the_documentation(tmp_path):
    text = (toys.ROOT / "docs" / "search.md").read_text()
    study = read(tmp_path, text.partition("```yaml\n")[2].partition("```")[0])
    assert study.variant == "45 microcolumns"
    assert len(study.parameters) == 4


def test_all_problems_at_once(tmp_path):
    text = STUDY.replace("low: 2,", "low: 20,").replace("generation: 4", "generation: none")
    text = text.replace("mutation_rate: 0.2", "mutation_rate: 2").replace("name: small", "name: a b\nstudy: 3")
    text = text.replace("seeds: [7, 8]", "seeds: [7, 7]").replace("FM: -0.2", "BLEU: 1")
    problems = refused(tmp_path, text)
    wanted = (
        "study.yaml:2: name: ",
        "study.yaml:3: study: unknown field; known: name, ",
        "study.yaml:5: sampler.genetic.mutation_rate: expected at most 1, not 2",
        "study.yaml:6: generation: expected a whole number, not 'none'",
        "study.yaml:7: seeds: the same seed is given twice",
        "study.yaml:9: parameters.population.L.tau_m: low 20 exceeds high 10",
        "study.yaml:12: objective: there is no metric BLEU; known: ACC, ",
    )
    for start in wanted:
        assert any(problem.startswith(start) for problem in problems), (start, problems)
    assert len(problems) == len(wanted)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("kind: genetic, mutation_rate: 0.2", "kind: anneal", "expected a kind out of tpe, genetic, "),
        ("{kind: genetic, mutation_rate: 0.2}", "{}", "sampler: kind is missing"),
        ("low: 0.05", "low: 0", "log needs low > 0, not 0"),
        ("high: 10,", "high: 9.5,", "integer needs whole numbers"),
        ("choices: [1, 2]", "choices: [1, 2], low: 1", "choices are a list"),
        ("choices: [1, 2]", "low: 1", "needs low and high, or choices"),
        ("low: 0.05, high: 0.5, log: true", "low: 0.05, high: 0.5, log: true, step: 0.1", "log and step exclude"),
        ("low: 0.05, high: 0.5, log: true", "low: 0.05, high: 0.5, step: 0", "step must be more than 0"),
        ("tau_m: 5}", "tau_m: 11}", "expected a whole number from 2 to 10, not 11"),
        ("tau_m: 5}", "tau_m: 2.5}", "expected a whole number from 2 to 10, not 2.5"),
        ("L.tau_m: 5}", "L.w_min: -1}", "start number 1: population.L.w_min is not a parameter of the search"),
        ("low: 2, high: 10, integer: true", "low: 2, high: 10, step: 4", "from 2 to 10 in steps of 4, not 5"),
        ("generation: 4", "generation: 1", "generation: a genetic sampler needs at least 2 trials"),
        ("{ACC: 1.0, FM: -0.2}", "{ACC: 0}", "needs a metric with a factor other than 0"),
        ("experiment: some.yaml", "experiment: 3", "expected an experiment file or the fields of an experiment"),
        ("experiment: some.yaml", "", "experiment: is missing"),
        ("name: small", "- 1", "not readable as YAML"),
    ],
)  # fmt: skip
def test_refusals(tmp_path, old, new, message):
    assert old in STUDY
    problems = refused(tmp_path, STUDY.replace(old, new, 1))
    assert len(problems) == 1
    assert message in problems[0]


def test_files_that_are_no_study(tmp_path):
    assert refused(tmp_path, "[1]") == ["study.yaml:1: expected a mapping with the fields of a study"]
    (tmp_path / "latin.yaml").write_bytes(b"name: \xff")
    with pytest.raises(ConfigError, match="not utf-8"):
        load_study(tmp_path / "latin.yaml")
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        load_study(tmp_path / "none.yaml")


def test_zero_initial_weight():
    """-w_min (w_max - w_min) / w_max: -1.63411, 1.71388 -> 3.19216 (the published CIFAR set)."""
    network = config.load(toys.ROOT / "configs" / "mnist.yaml")
    path = "projection.R->L.initial_resource"
    changes = settings(network, {"population.L.w_min": -1.63411, "population.L.w_max": 1.71388}, ["R->L"])
    assert changes[path] == "3.19216"
    # Only one bound is searched, then none: the other is the network's; the shipped file holds 0.989612.
    assert settings(network, {"population.L.w_min": 0.0}, ["R->L"])[path] == "0"
    assert settings(network, {}, ["R->L"]) == {path: "0.989612"}
    # A range of factors: 0.5 and 1.5 times the same.
    assert settings(network, {}, ["R->L"], (0.5, 1.5)) == {path: "{uniform: [0.494806, 1.48442]}"}
    with pytest.raises(ConfigError, match="zero_initial_weight needs w_max > 0"):
        settings(network, {"population.L.w_max": 0.0}, ["R->L"])
    with pytest.raises(ConfigError, match="there is no projection X->L"):
        settings(network, {}, ["X->L"])


def test_the_initial_weight_of_a_trial_is_zero():
    from colanet.session import Session

    network = config.load(toys.ROOT / "configs" / "mnist.yaml")
    changes = settings(network, {"population.L.w_min": -0.4321987, "population.L.w_max": 0.0876543}, ["R->L"])
    session = Session(override_all(network, changes), copies=1, train=1, test=1, engine="reference")
    assert not session.weights("R->L").any()


def test_values_of_a_configuration():
    network = config.load(toys.ROOT / "configs" / "mnist.yaml")
    assert current(network, "population.L.tau_m") == 5
    assert current(network, "projection.Target->L.weight") == 0.184102
    assert current(network, "copies") == 15
    assert current(network, "readout.population") == "OUT"
    with pytest.raises(ConfigError, match="there is no field tau"):
        current(network, "population.L.tau")


def test_texts_survive_the_way_into_a_configuration():
    network = config.load(toys.ROOT / "configs" / "mnist.yaml")
    for value in (1e-5, 0.1234567891, -3.0, 999.123456, 499):
        changed = override_all(network, {"population.L.hebbian_rate": as_text(value)})
        assert current(changed, "population.L.hebbian_rate") == pytest.approx(value, rel=5e-6)


def test_objective_by_hand():
    rows = [{"ACC": 0.9, "FM": 0.1}, {"ACC": 0.8, "FM": 0.3}]
    assert objective({"ACC": 1.0, "FM": -0.5}, rows) == pytest.approx((0.85 + 0.65) / 2)
    assert objective({"ACC": 1.0}, [{"ACC": float("nan")}]) is None
    assert objective({"ACC": 1.0}, []) is None


def test_parameter_ranges():
    assert Parameter(low=0, high=10, integer=True).distribution().high == 10
    assert Parameter(low=0.01, high=1, log=True).distribution().log
    assert Parameter(choices=("a", 1)).holds("a")
    assert not Parameter(choices=("a", 1)).holds("b")
    assert not Parameter(low=0, high=1).holds("a")
