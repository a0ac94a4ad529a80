"""The words of the XML dialect, beside ours: one table that drives both the reader and the writer.

A row says which element or attribute holds which field; anything that is more than one number or word
(columns, image shapes, distributions) is a pair of functions in `colanet.config.xml_shapes`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from colanet.config.draft import Vocabulary
from colanet.config.whole import whole
from colanet.connections import CONNECTIONS


def number(value: Any) -> str:
    """Shortest text that reads back as the same number; INFINITY for infinity."""
    if isinstance(value, float):
        if math.isinf(value):
            return "INFINITY"
        if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        return repr(value)
    return str(value)


def _same(text: str) -> str:
    return text


@dataclass(frozen=True)
class Row:
    """One scalar: an element or attribute `xml`, our `field`, and how to get from text to value and back.

    `read` raises ValueError with what was expected. Words in `aliases` are read, `xml` is written.
    """

    xml: str
    field: str
    read: Callable[[str], Any] = _same
    write: Callable[[Any], str] = number
    aliases: tuple[str, ...] = ()


# ------------------------------------------------------------------ converters

_MEMORY = re.compile(r"(UNI|LU)\s*\(\s*([^,()\s]+)\s*,\s*([^,()\s]+)\s*\)", re.IGNORECASE)
_MEMORY_WORDS = {"UNI": "uniform", "LU": "log_uniform"}


def _read_memory(text: str) -> Any:
    found = _MEMORY.fullmatch(text)
    return {_MEMORY_WORDS[found[1].upper()]: [found[2], found[3]]} if found else count(text)


def _write_memory(value: Any) -> str:
    for word, ours in _MEMORY_WORDS.items():
        if hasattr(value, ours):
            low, high = getattr(value, ours)
            return f"{word}({number(low)},{number(high)})"
    return number(value)


def count(text: str) -> str:
    """Whole numbers may be written like 1E3; everything else is left to the description to judge."""
    value = whole(text)
    return text if value is None else str(value)


def count_row(xml: str, field: str, **more: Any) -> Row:
    """A row whose value is a whole number."""
    return Row(xml, field, count, **more)


def _read_flag(text: str) -> str:
    if text.lower() in {"", "1", "yes", "true"}:
        return "three_factor"
    raise ValueError(f"a flag: its presence switches it on; leave it out instead of {text!r:.60}")


def _read_yes_no(text: str) -> bool:
    if text.lower() in {"", "1", "yes", "true"}:
        return True
    if text.lower() in {"0", "no", "false"}:
        return False
    raise ValueError(f"expected yes or no, not {text!r:.60}")


def _read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"expected names and values in JSON, not {text!r:.60}") from error


def choice(
    what: str, words: dict[str, str], others: Callable[[str], bool] = lambda word: False
) -> tuple[Callable[[str], str], Callable[[Any], str]]:
    """Reader and writer of a word out of a list; capitals and small letters are the same.

    A word that `others` holds for is read and written as it is.
    """
    small = {word.lower(): ours for word, ours in words.items()}

    def read(text: str) -> str:
        if text.lower() in small:
            return small[text.lower()]
        if others(text):
            return text
        raise ValueError(f"unknown {what} {text!r:.60}, expected one of {', '.join(words)}")

    # The first spelling of a meaning is the one that is written.
    back = {ours: xml for xml, ours in reversed(words.items())}
    return read, lambda value: back.get(value) or str(value)


# ---------------------------------------------------------------------- inputs

INPUT_TYPES = {kind: kind for kind in ("text", "binary", "image", "text_values")} | {"none": "noise"}
CLASSIFIER_LIBS = {"ObjectClassifier": "object_target", "StateClassifier": "state_target"}
READOUT_LIBS = {"ObjectClassifier": "object", "StateClassifier": "state"}
MODES = {"repetitive": "repetitive", "endless": "endless", "once": "once"}
CODINGS = {word: word for word in ("integrate", "poisson", "regular")}
RULES = {"two_factor": "two_factor", "three_factor": "three_factor"}
CRITERIA = {word: word for word in ("absolute_error", "weighted_error", "averaged_F", "Rsquared")}

SOURCE_ROWS = (
    Row("source", "source"),
    Row("noise", "noise"),
    count_row("period", "pacemaker_period"),
    count_row("history_length", "steps"),
    Row("mode", "mode", *choice("mode", MODES)),
    count_row("tacts_to_skip", "skip"),
    Row("meanings", "labels"),
)
SPECIAL_ROWS = {
    "image": (
        count_row("offset", "offset"),
        count_row("ntact_per_image", "period"),
        count_row("image_presentation_time", "presentation"),
        Row("maxfrequency", "max_rate"),
        Row("coding", "coding", *choice("coding", CODINGS)),
        Row("features", "features", _read_json, lambda features: features.model_dump_json(exclude_defaults=True)),
    ),
    "text_values": (
        Row("saturation_level", "saturation"),
        count_row("record_presentation_period", "period"),
        count_row("record_presentation_time", "presentation"),
    ),
}
SHAPE_WORDS = ("width", "height", "nchannels")
SHAPE_COUNTS = tuple(count_row(word, word) for word in SHAPE_WORDS)

_TARGET_ROWS = (
    Row("target_file", "target_file"),
    count_row("learning_time", "learning_time"),
    count_row("spike_period", "spike_period"),
    count_row("label_step", "label_step"),
    Row("no_class", "no_class"),
    Row("no_class_value", "no_class_value"),
    Row("criterion", "criterion", *choice("criterion", CRITERIA)),
    Row("sequential_test", "sequential_test", _read_yes_no, lambda value: ""),
    Row("prediction_file", "prediction_file"),
)
TARGET_ROWS = {
    "object_target": (
        *_TARGET_ROWS,
        count_row("object_presentation_period", "period", aliases=("state_duration",)),
    ),
    "state_target": (
        *_TARGET_ROWS,
        count_row("state_duration", "period", aliases=("object_presentation_period",)),
    ),
}

PLUGIN_ROWS = (
    count_row("period", "period"),
    count_row("presentation", "presentation"),
    Row("stand_in", "stand_in"),
)
"""Ours, beside the lib of an input of a plug-in."""

# ----------------------------------------------------------------- populations

RESETS = {"zero": "zero", "subtract": "subtract"}
ROUNDINGS = {"nearest": "nearest", "stochastic": "stochastic"}
GENERATORS = {"splitmix64": "splitmix64", "jenkins32": "jenkins32"}

POPULATION_ROWS = (
    count_row("n", "size"),
    Row("chartime", "tau_m", count),
    Row("minpotential", "min_potential"),
    Row("threshold_inc", "threshold_increment"),
    count_row("threshold_decay_period", "threshold_decay"),
    Row("threshold_excess_weight_dependent", "threshold_weight_factor"),
    Row("memory", "memory", _read_memory, _write_memory),
    count_row("bursting_period", "memory_period"),
    Row("stochastic_stimulation", "noise_amplitude"),
    Row("bias", "bias"),
    Row("reset", "reset", *choice("reset", RESETS)),
    count_row("reset_period", "reset_period"),
    count_row("reset_phase", "reset_phase"),
    Row("hebbian_plasticity", "hebbian_rate", aliases=("weight_inc",)),
    Row("hebbian_plasticity_chartime_ratio", "hebbian_window"),
    count_row("maxTSSISI", "isi_max"),
    count_row("dopamine_plasticity_time", "dopamine_window"),
    Row("three_factor_plasticity", "dopamine_rule", _read_flag, lambda value: ""),
    Row("stability_rule", "stability_rule", *choice("rule", RULES)),
    Row("stability_resource_change_ratio", "stability_rate"),
    count_row("stability_lifetime", "stability_lifetime"),
    Row("minweight", "w_min"),
    Row("maxweight", "w_max"),
    count_row("nsilentsynapses", "virtual_synapses"),
    Row("_1_factor_plasticity", "presynaptic_rate"),
    count_row("_1_factor_plasticity_period", "presynaptic_period"),
    count_row("weight_bits", "weight_bits"),
    count_row("resource_bits", "resource_bits"),
    count_row("resource_fraction", "resource_fraction"),
    Row("resource_rounding", "resource_rounding", *choice("rounding", ROUNDINGS)),
    count_row("potential_bits", "potential_bits"),
    Row("potential_step", "potential_step"),
    Row("random_generator", "random_generator", *choice("generator", GENERATORS)),
)

# ----------------------------------------------------------------- projections

LINK_TYPES = {
    "signal": "plastic", "plastic": "plastic", "fixed": "fixed", "gating": "gating", "reward": "reward",
}  # fmt: skip
LINK_POLICIES = {
    "aligned": "one_to_one",
    "all-to-all": "all_to_all",
    "all-to-all-sections": "within_columns",
    "exclusive": "other_columns",
    "exclusive-sections": "within_columns_except_same",
}


def _of_a_package(connection: str) -> bool:
    """Whether an installed package has a connection rule of that name; XML calls it as YAML does."""
    return connection not in (*LINK_POLICIES.values(), "random") and connection in CONNECTIONS


LINK_ATTRIBUTES = (
    Row("from", "source"),
    Row("to", "target"),
    Row("type", "kind", *choice("type", LINK_TYPES)),
    Row("policy", "connection", *choice("policy", LINK_POLICIES, _of_a_package)),
)
LINK_ROWS = (
    Row("weight", "weight"),
    Row("probability", "probability"),
    count_row("maxnpre", "max_inputs"),
    Row("source_fraction", "source_fraction"),
)
RESOURCE_WORDS = ("IniResource", "iniresource")
DELAY_WORDS = ("Delay", "delay")

# -------------------------------------------------------------------- document

MODELS = ("linearized", "superquantized")
"""Laws that exist in files of the field without a public definition."""
RECEPTORS_ROWS = (Row("name", "name"), count_row("n", "size"))
SECTION_ROWS = (Row("name", "name"),)
NETWORK_ROWS = (count_row("ncopies", "copies"), Row("saved", "state"))
READOUT_ATTRIBUTES = (Row("lib", "kind", *choice("readout lib", READOUT_LIBS)),)
READOUT_WORDS = (
    Row("output", "population"),
    Row("rule", "rule"),
    Row("options", "options", _read_json, lambda options: json.dumps(options, ensure_ascii=False)),
)
READOUT_ROWS = (*READOUT_ATTRIBUTES, *READOUT_WORDS)

_CONVOLUTION = "the convolution of images has no public definition; give the convolved images as text_values"
_LINEARIZED = 'it belongs to model="linearized", which has no public definition'
REFUSED: dict[str, dict[str, str]] = {
    "Special": dict.fromkeys(("convolution_file", "stride", "s", "ncalibrationimages", "bias"), _CONVOLUTION),
    "props": dict.fromkeys(("b", "hinge_position"), _LINEARIZED),
    "NETWORK": {"Implementation": "sections made by a closed plug-in, which colanet does not have"},
}
"""Element, word inside it, and why it is known but not taken."""

OLD_ROOT = "Network"
OLD_WORDS = {"Receptors", "CHARTIME"}
OLD_LINKS = {"excitatory", "inhibitory"}
"""What files of 2021 to 2023 are known by: another language with the same suffix."""

_NAMES: dict[str, dict[str, str]] = {
    "inputs": {"kind": "type", "size": "n", "shape": "width", **{r.field: r.xml for r in SOURCE_ROWS}},
    "populations": {"columns": "Structure", "winner_take_all": "Structure"}
    | {r.field: r.xml for r in POPULATION_ROWS},
    "projections": {"initial_resource": "iniresource", "delay": "delay"}
    | {r.field: r.xml for r in (*LINK_ATTRIBUTES, *LINK_ROWS)},
    "readout": {r.field: r.xml for r in READOUT_ROWS},
    "": {"copies": "NETWORK ncopies", "state": "NETWORK saved", "globals": "Global"},
}


def _xml_name(section: str, kind: Any, name: str) -> str:
    rows = SPECIAL_ROWS.get(kind, ()) + TARGET_ROWS.get(kind, ()) if isinstance(kind, str) else ()
    rows += PLUGIN_ROWS if kind == "plugin" else ()
    special = {row.field: row.xml for row in rows}
    return special.get(name) or _NAMES.get(section, {}).get(name, name)


XML = Vocabulary(
    {"inputs": "RECEPTORS", "populations": "Section", "projections": "Link", "readout": "Readout"}, _xml_name
)
