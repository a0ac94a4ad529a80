"""Every word of the XML dialect and what happens to it, made from the tables that the reader goes by.

``python -m colanet.config.vocabulary > docs/words.md`` writes the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from colanet.config import xml_words as tables
from colanet.config.xml_words import Row

Fate = Literal["read", "notice", "refused"]


@dataclass(frozen=True)
class Word:
    """One word of the dialect.

    Attributes
    ----------
    place : str
        The element it stands in.
    xml : str
        The word, with its value where other values have another fate.
    ours : str
        Fields in YAML and Python, with the value where the word is one.
    example : str
        A piece of a file, to be put at that place.
    fate : {'read', 'notice', 'refused'}
        `notice`: it is read, and a warning says what is not as it may have been meant.
    says : str
        What the warning or error says of it; else a remark.
    """

    place: str
    xml: str
    ours: str
    example: str
    fate: Fate = "read"
    says: str = ""


_EXAMPLES = {
    "source": "spikes.txt", "noise": "0.3", "mode": "endless", "meanings": "names.txt", "maxfrequency": "0.5",
    "coding": "poisson", "saturation_level": "5", "target_file": "labels.txt", "no_class": "-",
    "criterion": "averaged_F", "prediction_file": "answers.csv", "sequential_test": "", "name": "R",
    "minpotential": "-2.5", "threshold_excess_weight_dependent": "0.2", "memory": "UNI(2,9)",
    "stochastic_stimulation": "2.2", "hebbian_plasticity": "-0.1", "weight_inc": "-0.1",
    "hebbian_plasticity_chartime_ratio": "2.5", "three_factor_plasticity": "", "stability_rule": "two_factor",
    "stability_resource_change_ratio": "0.05", "minweight": "-0.7", "maxweight": "0.9", "nsilentsynapses": "-1",
    "weight": "9", "probability": "0.1", "source_fraction": "0.5", "saved": "state.h5",
    "learning_time": "900", "ntact_per_image": "15",
    "image_presentation_time": "10", "record_presentation_period": "15", "record_presentation_time": "10",
    "object_presentation_period": "15", "state_duration": "15", "chartime": "2.5", "history_length": "1E3",
    "reset_period": "15", "reset": "subtract", "bias": "-0.5", "output": "L", "rule": "first_spike",
    "options": "{}", "resource_rounding": "stochastic", "potential_bits": "16", "random_generator": "jenkins32",
}  # fmt: skip
"""Values of the examples; other words take numbers, for example 2."""

_COMPANIONS = {
    "threshold_inc": "threshold_decay_period",
    "reset_phase": "reset_period",
    "_1_factor_plasticity": "_1_factor_plasticity_period",
    "record_presentation_time": "record_presentation_period",
    "image_presentation_time": "ntact_per_image",
}
"""Words that need another one beside them."""

_NOTICES = {"sequential_test": "is kept but not used: its meaning is not public"}
_PLUG_INS = ("ping-pong-environment", "objects_ArNI", "TinyfromANN")
_CLOSED = "no installed package has it"
_OLD = "the dialect of 2021 to 2023"


def words() -> tuple[Word, ...]:
    """All words, in the order of a file."""
    return (
        *_document(), *_receptors(), *_from_file(), *_special(), *_targets(), *_populations(), *_links(),
        *_readouts(), *_old_dialect(),
    )  # fmt: skip


def _element(name: str) -> str:
    value = _EXAMPLES.get(name, "2")
    own = f"<{name}>{value}</{name}>" if value else f"<{name}/>"
    return own + (_element(_COMPANIONS[name]) if name in _COMPANIONS else "")


def _rows(place: str, rows: Iterable[Row]) -> Iterator[Word]:
    for row in rows:
        for name in (row.xml, *row.aliases):
            says = _NOTICES.get(name, "")
            yield Word(place, name, row.field, _element(name), "notice" if says else "read", says)


def _values(place: str, name: str, field: str, values: dict[str, str]) -> Iterator[Word]:
    """One word for each value of an attribute."""
    for value, ours in values.items():
        yield Word(place, f'{name}="{value}"', f"{field}: {ours}", f'{name}="{value}"')


def _refused(place: str, element: str) -> Iterator[Word]:
    for name, reason in tables.REFUSED[element].items():
        yield Word(place, name, "", f"<{name}>2</{name}>", "refused", reason)


# ------------------------------------------------------------- parts of a file


def _document() -> Iterator[Word]:
    first = '<?xml version="1.0" encoding="utf - 8"?>'
    yield Word("file", 'encoding="utf - 8"', "", first, says="blanks are dropped")
    yield Word("file", "<!-- a -- b -->", "", "<!-- a -- b -->", says="comments may hold hyphens")
    yield Word("SNN", 'model="smooth"', "", 'model="smooth"', says="the law of every network")
    for model in tables.MODELS:
        yield Word("SNN", f'model="{model}"', "", f'model="{model}"', "refused", "has no public definition")
    says = "on a line of its own; inserts that file's RECEPTORS and NETWORK"
    yield Word("inside SNN", "\\part.nnc", "", "\n\\part.nnc\n", says=says)
    yield Word("inside SNN", "Global", "globals", "<Global><a>2</a></Global>", "notice", "is kept but not used")
    yield Word("inside SNN", "any other element", "", "<Retina/>", "refused", "unknown element Retina in SNN")
    for row in tables.NETWORK_ROWS:
        yield Word("NETWORK", row.xml, row.field, f'{row.xml}="{_EXAMPLES.get(row.xml, "2")}"')
    yield Word("NETWORK", 'merge="yes"', "", 'ncopies="2" merge="yes"', says="votes of the copies are added")
    yield Word("NETWORK", 'merge="no"', "", 'ncopies="2" merge="no"', "refused", "is not supported")
    yield from _refused("inside NETWORK", "NETWORK")


def _receptors() -> Iterator[Word]:
    for row in tables.RECEPTORS_ROWS:
        yield Word("RECEPTORS", row.xml, row.field, f'{row.xml}="{_EXAMPLES.get(row.xml, "2")}"')
    yield Word("Implementation", 'lib="fromFile"', "", 'lib="fromFile"', says="the type of args says what it is")
    yield from _values("Implementation", "lib", "kind", tables.CLASSIFIER_LIBS)
    yield from _plugin()
    for lib in _PLUG_INS:
        yield Word("Implementation", f'lib="{lib}"', "", f'lib="{lib}"', "refused", _CLOSED)
    yield Word("Implementation", "any other lib", "kind: plugin", 'lib="eyes"', "refused", _CLOSED)


def _plugin() -> Iterator[Word]:
    place, noise = "Implementation", 'lib="eyes" stand_in="0.1"'
    says = "noise in the place of a library that is not there"
    yield Word(place, "stand_in (ours)", "kind: plugin, lib: eyes, stand_in: 0.1", noise, says=says)
    says = "of a library that shows objects"
    yield Word(place, "period (ours)", "period: 9", f'{noise} period="9"', says=says)
    yield Word(place, "presentation (ours)", "presentation: 3", f'{noise} period="9" presentation="3"', says=says)
    yield Word("args of a package", "any word", "args", "<eyes><cell>2</cell></eyes>", says="given to the package")


def _from_file() -> Iterator[Word]:
    place = "args of fromFile"
    yield from _values(place, "type", "kind", tables.INPUT_TYPES)
    yield Word(place, "no type", "kind: text", "", "notice", "type is missing: text is meant")
    place = "inside args of fromFile"
    yield from _rows(place, (row for row in tables.SOURCE_ROWS if row.xml != "mode"))
    for mode, ours in tables.MODES.items():
        yield Word(place, f"mode {mode}", f"mode: {ours}", f"<mode>{mode}</mode>")
    back = "<source>data\\spikes.txt</source>"
    yield Word(place, "source with backslashes", "source", back, says="the same file as with slashes")


def _special() -> Iterator[Word]:
    place = "Special of image"
    yield from _rows(place, (row for row in tables.SPECIAL_ROWS["image"] if row.xml not in ("coding", "features")))
    for coding, ours in tables.CODINGS.items():
        yield Word(place, f"coding {coding} (ours)", f"coding: {ours}", f"<coding>{coding}</coding>")
    shape = "".join(map(_element, tables.SHAPE_WORDS))
    yield Word(place, ", ".join(tables.SHAPE_WORDS), "shape", shape)
    yield Word(place, "features (ours)", "features", shape + '<features>{"patch": 3}</features>', says="in JSON")
    yield from _refused(place, "Special")
    place = "Special of text_values"
    yield from _rows(place, tables.SPECIAL_ROWS["text_values"])
    level = '<saturation_level absolute="{}">5</saturation_level>'
    yield Word(place, 'saturation_level absolute="yes"', "saturation", level.format("yes"))
    relative = level.format("no")
    yield Word(place, 'saturation_level absolute="no"', "", relative, "refused", 'only absolute="yes" is supported')
    assumed = "10 steps of spikes in 15 are assumed"
    yield Word(place, "neither time", "period: 15, presentation: 10", "<!-- no time -->", "notice", assumed)


def _targets() -> Iterator[Word]:
    place = "args of a classifier"
    yield from _rows(place, (row for row in tables.TARGET_ROWS["state_target"] if row.xml != "criterion"))
    for criterion, ours in tables.CRITERIA.items():
        example, unknown = f"<criterion>{criterion}</criterion>", criterion == "weighted_error"
        says = "its definition is not public; accuracy is reported" if unknown else ""
        fate: Fate = "notice" if unknown else "read"
        yield Word(place, f"criterion {criterion}", f"criterion: {ours}", example, fate, says)


def _populations() -> Iterator[Word]:
    yield Word("Section", "name", "name", 'name="L"')
    place = "props"
    yield from _rows(place, tables.POPULATION_ROWS)
    for text in ("INFINITY", "LU(2,9)", "UNI(2,9)"):
        yield Word(place, f"memory {text}", "memory", f"<memory>{text}</memory>")
    yield Word(place, "chartime INFINITY", "tau_m: .inf", "<chartime>INFINITY</chartime>")
    yield Word(place, "fractional chartime", "tau_m: 2.5", "<chartime>2.5</chartime>", says="1024 div chartime")
    floor = "<minpotential>2.5</minpotential>"
    yield Word(place, "positive minpotential", "min_potential: 2.5", floor, says="a floor above rest")
    below = "<stochastic_stimulation>-1</stochastic_stimulation>"
    yield Word(place, "negative stochastic_stimulation", "", below, "refused", "expected at least 0")
    order = '<Structure type="O" dimension="2"/>'
    yield Word(place, 'Structure type="O"', "columns", order)
    layer = '<Structure type="L"><dim>3</dim><dim>2</dim></Structure>'
    yield Word(place, 'Structure type="L"', "columns, winner_take_all: true", layer)
    unknown = '<Structure type="W"><dim>3</dim></Structure>'
    yield Word(place, 'Structure type="W"', "", unknown, "refused", 'type="W" has no public definition')
    yield from _refused(place, "props")


def _links() -> Iterator[Word]:
    place = "Link"
    for row in tables.LINK_ATTRIBUTES[:2]:
        yield Word(place, row.xml, row.field, "")
    yield Word(place, "no type", "kind: fixed", "")
    yield from _values(place, "type", "kind", tables.LINK_TYPES)
    yield Word(place, "no policy", "connection: random", "")
    yield from _values(place, "policy", "connection", tables.LINK_POLICIES)
    yield from _rows("inside Link", tables.LINK_ROWS)
    for place, words_of, field, shapes in (
        ("inside a plastic Link", tables.RESOURCE_WORDS, "initial_resource", (_UNIFORM, _DISCRETE)),
        ("inside Link", tables.DELAY_WORDS, "delay", (_UNIFORM, _LOG_NORMAL)),
    ):
        for name in words_of:
            yield Word(place, name, field, f"<{name}>2</{name}>")
            for kind, inside in shapes:
                example = f'<{name} type="{kind}">{inside}</{name}>'
                yield Word(place, f'{name} type="{kind}"', field, example)


_UNIFORM = ("uni", "<min>1</min><max>3</max>")
_DISCRETE = ("dis", '<default>0</default><value share="0.2">3</value>')
_LOG_NORMAL = ("ln", "<mean>4</mean><stddev>2</stddev>")


def _readouts() -> Iterator[Word]:
    yield from _values("Readout", "lib", "kind", tables.READOUT_LIBS)
    yield from _rows("inside Readout", (tables.READOUT_WORDS[0],))
    output = _element("output")
    for row in tables.READOUT_WORDS[1:]:
        yield Word("inside Readout", f"{row.xml} (ours)", row.field, output + _element(row.xml))
    yield Word("Readout", "any other lib", "", 'lib="eyes"', "refused", _CLOSED)
    several = "<output>L</output><output>M</output>"
    yield Word("inside Readout", "output, several", "population", several, "notice", "only the first output")


def _old_dialect() -> Iterator[Word]:
    place = "files of 2021 to 2023"
    yield Word(place, f"{tables.OLD_ROOT} (root)", "", f"<{tables.OLD_ROOT}/>", "refused", _OLD)
    root = tables.OLD_ROOT
    yield Word(place, "N and other words in capitals", "", f"<{root}><N>2</N></{root}>", "refused", _OLD)
    for name in sorted(tables.OLD_WORDS):
        yield Word(place, name, "", f"<SNN><{name}>2</{name}></SNN>", "refused", _OLD)
    for kind in sorted(tables.OLD_LINKS):
        link = f'<SNN><Link type="{kind}"/></SNN>'
        yield Word(place, f'Link type="{kind}"', "", link, "refused", _OLD)


# ---------------------------------------------------------------- the page

_HEAD = """# Words of the XML dialect

What becomes of every word of an `.nnc` file. What the fields mean stands in [fields](fields.md).
This page is made by `python -m colanet.config.vocabulary > docs/words.md` from the reader's own tables.

*read*: as the same field of YAML. *notice*: read, and a warning says what stands in the last column. *refused*: one
line with file, line and that reason. `--lenient` makes unknown elements and attributes, and those of closed parts,
into warnings. Kinds, types and policies may be written in capitals or small letters, whole numbers like `1E3`.

| where | word | in YAML | what happens | remark |
| --- | --- | --- | --- | --- |
"""


def page() -> str:
    """The table in Markdown, with a head."""
    return _HEAD + "".join(map(_line, words()))


def _line(word: Word) -> str:
    ours = f"`{word.ours}`" if word.ours else ""
    return f"| {word.place} | `{word.xml}` | {ours} | {word.fate} | {word.says} |\n"


if __name__ == "__main__":
    print(page(), end="")
