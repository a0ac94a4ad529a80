"""A flood of mistakes is refused at once: the work grows with the file and not with its square."""

import sys
import time

import pytest

from colanet.config import load, load_with_notices
from colanet.config.draft import KEPT_PROBLEMS
from colanet.config.xml_source import MAX_ATTRIBUTES
from colanet.continual.experiment import load_experiment
from colanet.errors import MOST_SHOWN, ConfigError
from colanet.search.study import load_study

YAML = "populations:\n  - name: L\n    size: 6\n"
XML = (
    "<SNN><NETWORK><Sections><Section name='L'><props><n>6</n>{}</props></Section>{}</Sections></NETWORK>{}</SNN>"
)
EXPERIMENT = "name: e\nnetwork: x.yaml\ntasks: [{dataset: mnist}]\n"
STUDY = "name: s\nexperiment: e.yaml\nparameters: {population.L.w_max: {low: 1, high: 2}}\n"


def keys(n):
    return "".join(f"k{i}: 1\n" for i in range(n))


def entries(n):
    return "{" + ", ".join(f"k{i}: 1" for i in range(n)) + "}\n"


FLOODS = {  # name: (reader, suffix, text of n mistakes, problems of one of them)
    "unknown keys": (load, "yaml", lambda n: YAML + keys(n), 1),
    "unknown fields": (load, "yaml", lambda n: YAML + "".join(f"    k{i}: 1\n" for i in range(n)), 1),
    "populations of nothing": (load, "yaml", lambda n: YAML + "  - {}\n" * n, 2),
    "projections as text": (load, "yaml", lambda n: YAML + "projections:\n" + "  - x\n" * n, 1),
    "projections to nowhere": (
        load, "yaml", lambda n: YAML + "projections:\n" + "- {source: L, target: Q, weight: 1}\n" * n, 1,
    ),
    "equal names": (load, "yaml", lambda n: YAML + "  - {name: L, size: 1}\n" * n, 1),
    "a wrong delay": (
        load, "yaml", lambda n: YAML + "projections:\n- source: L\n  target: L\n  delay: " + entries(n), None,
    ),
    "unknown elements": (load, "nnc", lambda n: XML.format("<a/>" * n, "", ""), 1),
    "unknown elements at the top": (load, "nnc", lambda n: XML.format("", "", "<a/>" * n), 1),
    "links of nothing": (load, "nnc", lambda n: XML.format("", "<Link/>" * n, ""), 2),
    "values given twice": (load, "nnc", lambda n: XML.format("<n>6</n>" * n, "", ""), 1),
    "keys of an experiment": (load_experiment, "yaml", lambda n: EXPERIMENT + keys(n), 1),
    "keys of a variant": (
        load_experiment, "yaml", lambda n: EXPERIMENT + "variants:\n- " + entries(n).replace("{", "{name: a, "), 1,
    ),
    "seeds of an experiment": (load_experiment, "yaml", lambda n: EXPERIMENT + f"seeds: [{'x, ' * n}]\n", 1),
    "keys of a study": (load_study, "yaml", lambda n: STUDY + keys(n), 1),
}  # fmt: skip


def refused(tmp_path, name, n):
    reader, suffix, text, _ = FLOODS[name]
    path = tmp_path / f"a.{suffix}"
    path.write_text(text(n))
    with pytest.raises(ConfigError) as caught:
        reader(path)
    return str(caught.value).splitlines()


def work(call):
    """Calls of Python and C functions that it takes: the same on every machine."""
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("name", FLOODS)
def test_twice_the_mistakes_are_at_most_twice_the_work(name, tmp_path):
    refused(tmp_path, name, 10)  # whatever is imported or compiled once
    once, twice = (work(lambda n=n: refused(tmp_path, name, n)) for n in (1000, 2000))
    assert twice < 2.2 * once


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_is_cut_short_and_counted(name, tmp_path):
    one = FLOODS[name][-1]
    lines = refused(tmp_path, name, 6000)
    if one is None:  # a single mistake, however long
        assert len(lines) == 1
    else:
        assert len(lines) == MOST_SHOWN + 1
        assert lines[-1].endswith(f": and {6000 * one - MOST_SHOWN} more problems")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["unknown keys", "unknown elements", "keys of an experiment", "keys of a study"])
def test_60_000_are_refused_at_once(name, tmp_path):
    began = time.process_time()
    assert f"and {60_000 - MOST_SHOWN} more" in refused(tmp_path, name, 60_000)[-1]
    assert time.process_time() - began < 15  # 1 s; squares took minutes


@pytest.mark.parametrize("element", ["<SNN{}>", "<SNN><Global{}/>", "<SNN>\n<NETWORK>\n<Sections{}/></NETWORK>"])
def test_an_element_of_very_many_attributes_is_one_line(element, tmp_path):
    attributes = "".join(f' k{i}="1"' for i in range(150_000))
    path = tmp_path / "a.nnc"
    path.write_text(element.format(attributes) + "</SNN>")
    began = time.process_time()
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert time.process_time() - began < 30
    (problem,) = caught.value.problems
    assert problem.line == element.count("\n") + 1
    assert problem.message.endswith(f"has 150000 attributes; an element has at most {MAX_ATTRIBUTES}")


def test_a_flood_of_warnings_is_cut_short_and_counted(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(YAML + keys(KEPT_PROBLEMS + 1000))
    _, notices = load_with_notices(path, lenient=True)
    assert len(notices) == MOST_SHOWN + 1
    assert str(notices[-1]) == f"{path}: and {KEPT_PROBLEMS + 1000 - MOST_SHOWN} more warnings"


def test_unknown_attributes_are_named_in_their_order(tmp_path):
    path = tmp_path / "a.nnc"
    path.write_text(XML.format("<chartime" + "".join(f' k{i}="1"' for i in range(50)) + ">1</chartime>", "", ""))
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert [problem.message.split()[2] for problem in caught.value.problems] == [f"k{i}" for i in range(50)]


NOISE = "inputs: [{name: R, kind: noise, size: 4, steps: 9}]\n"
LINK = "projections: [{source: R, target: L, weight: 1}]\n"
ONE_MISTAKE = {
    "a section as text": "populations: L\n" + LINK,
    "inputs as a mapping": "inputs: {R: 4}\n" + YAML + LINK,
    "a population without a name": NOISE + "populations: [{size: 2}]\n" + LINK,
    "a population as text": NOISE + "populations: [L]\n" + LINK,
    "an input of an unknown kind": "inputs: [{name: R, kind: nois}]\n" + YAML + LINK,
    "a list that is too short": "inputs: [{name: R, kind: image, period: 9, shape: [2, 2]}]\n" + YAML + LINK,
    "the readout of a broken population": YAML.replace("6", "x") + "readout: {kind: object, population: L}\n",
}


@pytest.mark.parametrize("name", ONE_MISTAKE)
def test_one_mistake_is_one_line(name, tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(ONE_MISTAKE[name])
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    "receptors", ["<RECEPTORS n='4'/>", "<RECEPTORS n='4'><Implementation lib='fromFile'/></RECEPTORS>"]
)
def test_one_mistake_of_an_element_without_a_name_is_one_line(receptors, tmp_path):
    path = tmp_path / "a.nnc"
    path.write_text(XML.format("", "<Link from='R' to='L'><weight>1</weight></Link>", receptors))
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert len(caught.value.problems) == 1
