"""The page of all words is what the reader's tables say, and every word does what its row says."""

import re
import warnings
from pathlib import Path

import pytest

from colanet.config import load_with_notices, read_xml, read_yaml, write_xml, write_yaml, xml_words
from colanet.config.model import TargetInput
from colanet.config.vocabulary import page, words
from colanet.errors import ConfigError

DOCS = Path(__file__).resolve().parents[2] / "docs"

NOISE = '<args type="none"><history_length>9</history_length></args>'
R = f'<RECEPTORS name="R" n="6"><Implementation lib="fromFile">{NOISE}</Implementation></RECEPTORS>'
SECTION = (
    '<Section name="L"><props><n>6</n><maxweight>1</maxweight>'
    "<stochastic_stimulation>1</stochastic_stimulation></props></Section>"
)
TARGET = (
    '<RECEPTORS name="T" n="6"><Implementation lib="StateClassifier"><args><target_file>t</target_file>'
    "<learning_time>9</learning_time><state_duration>9</state_duration></args></Implementation></RECEPTORS>"
)


def document(*, head="", root="", inputs=R, network="<NETWORK>", sections=SECTION, links="", tail=""):
    return f"{head}<SNN {root}>\n{inputs}\n{network}<Sections>{sections}{links}</Sections></NETWORK>\n{tail}</SNN>"


def from_file(args, attributes='name="R" n="6"', lib='lib="fromFile"', before=""):
    implementation = f"<Implementation {lib}>{args}</Implementation>"
    return document(inputs=f"{before}<RECEPTORS {attributes}>{implementation}</RECEPTORS>")


def receptors(example):
    return from_file(NOISE, f'{example} n="6"' if "name=" in example else f'{example} name="R"')


def implementation(example):
    spikes = "<spike_period>1</spike_period>"
    args = "<args><target_file>t</target_file><learning_time>9</learning_time><state_duration>9</state_duration>"
    args = NOISE if "fromFile" in example else args + spikes + "</args>"
    return from_file(args, lib=example, before=R.replace('"R"', '"S"'))


def args_of_type(example):
    periods = {"image": "ntact_per_image", "text_values": "record_presentation_period"}
    name = periods.get(example.partition('"')[2].rstrip('"'))
    times = f"<Special><{name}>9</{name}></Special>" if name else ""
    return from_file(f"<args {example}><history_length>9</history_length>{times}</args>")


def special(kind, period):
    def made(example):
        # What is refused is refused beside a good description.
        given = "" if f"<{period}>" in example or "no time" in example else f"<{period}>15</{period}>"
        size = "" if "<width>" in example else ' n="6"'
        return from_file(f'<args type="{kind}"><Special>{given}{example}</Special></args>', f'name="R"{size}')

    return made


def props(example):
    own = [name for name in ("n", "maxweight", "stochastic_stimulation") if f"<{name}>" in example]
    given = {"n": "6", "maxweight": "1", "stochastic_stimulation": "1"}
    rest = "".join(f"<{name}>{value}</{name}>" for name, value in given.items() if name not in own)
    return document(sections=f'<Section name="L"><props>{rest}{example}</props></Section>')


def classifier(example):
    rest = {"target_file": "t", "learning_time": "9", "state_duration": "9", "spike_period": "1"}
    if "label_step" in example:
        del rest["spike_period"]
    if "object_presentation_period" in example:
        del rest["state_duration"]
    given = "".join(f"<{name}>{value}</{name}>" for name, value in rest.items() if f"<{name}>" not in example)
    args = f"<args>{given}{example}</args>"
    inputs = f'<RECEPTORS name="R" n="6"><Implementation lib="StateClassifier">{args}</Implementation></RECEPTORS>'
    return document(inputs=inputs, tail='<Readout lib="StateClassifier"><output>L</output></Readout>')


def link(example):
    weight = "<weight>2</weight>" if "gating" in example or "reward" in example else ""
    plastic = "" if 'type="reward"' not in example else '<Link from="R" to="L" type="plastic"/>'
    return document(links=f'{plastic}<Link from="R" to="L" {example}>{weight}</Link>')


def readout(example):
    lib = example.partition('"')[2].rstrip('"')
    target = TARGET.replace("StateClassifier", lib if lib in xml_words.READOUT_LIBS else "StateClassifier").replace(
        "<state_dur", "<spike_period>1</spike_period><state_dur"
    )
    return document(inputs=R + target, tail=f"<Readout {example}><output>L</output></Readout>")


def outputs(example):
    return document(inputs=R + TARGET, tail=f'<Readout lib="StateClassifier">{example}</Readout>')


EVERY = ' policy="all-to-all"'

PLACES = {
    "file": lambda example: document(head=example),
    "SNN": lambda example: document(root=example),
    "inside SNN": lambda example: document(tail=example),
    "NETWORK": lambda example: document(network=f"<NETWORK {example}>"),
    "inside NETWORK": lambda example: document(network=f"<NETWORK>{example}"),
    "RECEPTORS": receptors,
    "Implementation": implementation,
    "args of a package": lambda example: from_file(
        f"<args>{example}</args>", lib='lib="eyes" stand_in="0.1"', before=R.replace('"R"', '"S"')
    ),
    "args of fromFile": args_of_type,
    "inside args of fromFile": lambda example: from_file(f'<args type="text">{example}</args>'),
    "Special of image": special("image", "ntact_per_image"),
    "Special of text_values": special("text_values", "record_presentation_period"),
    "args of a classifier": classifier,
    "Section": lambda example: document(sections=SECTION.replace('name="L"', example)),
    "props": props,
    "Link": link,
    "inside Link": lambda example: document(
        links=f'<Link from="R" to="L"{EVERY if "fraction" in example else ""}>{example}</Link>'
    ),
    "inside a plastic Link": lambda example: document(
        links=f'<Link from="R" to="L" type="plastic">{example}</Link>'
    ),
    "Readout": readout,
    "inside Readout": outputs,
    "files of 2021 to 2023": lambda example: example,
}
OWNERS = {
    "inside SNN": lambda network: network,
    "NETWORK": lambda network: network,
    "RECEPTORS": lambda network: network.inputs[0],
    "Implementation": lambda network: network.inputs[-1],
    "args of a package": lambda network: network.inputs[1],
    "args of fromFile": lambda network: network.inputs[0],
    "inside args of fromFile": lambda network: network.inputs[0],
    "Special of image": lambda network: network.inputs[0],
    "Special of text_values": lambda network: network.inputs[0],
    "args of a classifier": lambda network: network.inputs[0],
    "Section": lambda network: network.populations[0],
    "props": lambda network: network.populations[0],
    "Link": lambda network: network.projections[-1],
    "inside Link": lambda network: network.projections[0],
    "inside a plastic Link": lambda network: network.projections[0],
    "Readout": lambda network: network.readout,
    "inside Readout": lambda network: network.readout,
}


def read(folder, word):
    """Network and warnings of a file with the word in its place."""
    (folder / "part.nnc").write_text("<SNN/>")
    (folder / "a.nnc").write_text(PLACES[word.place](word.example), encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        network, notices = load_with_notices(folder / "a.nnc")
    return network, [str(notice) for notice in notices]


def check_fields(word, network):
    """The fields that the row names are given, with the value that it names."""
    owner = OWNERS[word.place](network) if word.ours else None
    for entry in filter(None, word.ours.split(", ")):
        field, _, value = entry.partition(": ")
        found = getattr(owner, field)
        assert field in owner.model_fields_set or found == value
        if value:
            assert {"true": True, ".inf": float("inf")}.get(value, value) in (found, str(found))


@pytest.mark.parametrize("word", words(), ids=[f"{word.place}-{word.xml}" for word in words()])
def test_every_word_does_what_its_row_says(tmp_path, word):
    if word.fate == "refused":
        with pytest.raises(ConfigError) as caught:
            read(tmp_path, word)
        assert len(caught.value.problems) == 1
        assert word.says in str(caught.value)
        return
    network, notices = read(tmp_path, word)
    if word.fate == "read":
        assert notices == []
    else:
        assert len(notices) == 1
        assert word.says
        assert word.says in notices[0]
    check_fields(word, network)
    for write, again, name in ((write_xml, read_xml, "b.nnc"), (write_yaml, read_yaml, "b.yaml")):
        write(network, tmp_path / name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert again(tmp_path / name) == network


def test_the_page_is_made_of_the_table():
    assert (DOCS / "words.md").read_text(encoding="utf-8") == page(), (
        "run python -m colanet.config.vocabulary > docs/words.md"
    )


def test_no_row_of_the_reader_is_missing_and_none_stands_twice():
    listed = {(word.place, word.xml) for word in words()}
    assert len(listed) == len(words())
    listed_words = {word for _, xml in listed for word in re.findall(r"\w+", xml)}
    for row in (*xml_words.POPULATION_ROWS, *xml_words.LINK_ROWS, *xml_words.SOURCE_ROWS):
        assert row.xml in listed_words
    fields = {word.ours.partition(":")[0] for word in words() if word.place == "args of a classifier"}
    assert fields == set(TargetInput.model_fields) - {"name", "kind", "size"}
