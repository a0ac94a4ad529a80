"""The limit of nesting is ours, whatever the limit of the parser; brackets in texts do not count."""

import pytest
import yaml

from colanet.config import draft, xml_depth, yaml_source
from colanet.config.xml_source import parse as parse_xml
from colanet.errors import MOST_SHOWN, ConfigError


class Timid(yaml.SafeLoader):
    """A parser that gives up on brackets soon, while it reads ahead, as PyYAML does from 6.0.4 on."""

    def fetch_flow_collection_start(self, token):
        if self.flow_level > yaml_source.MAX_DEPTH + 2:
            raise yaml.scanner.ScannerError("while increasing flow level", None, "no further", self.get_mark())
        super().fetch_flow_collection_start(token)


LOADERS = [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader), Timid]
MOST = yaml_source.MAX_DEPTH


def problem(text):
    with pytest.raises(ConfigError) as caught:
        yaml_source.parse(text, "f")
    (found,) = caught.value.problems
    return found


@pytest.fixture(params=LOADERS, ids=["python", "libyaml", "timid"])
def loader(request, monkeypatch):
    monkeypatch.setattr(yaml_source, "_LOADER", request.param)


DEEP = {
    "brackets": ("a:\n  " + "[" * 200_000 + "]" * 200_000, 2),
    "maps": ("{a: " * 2000, 1),
    "lists of maps": ("\n\n[" + "{a: [" * 1500, 3),
    "a bracket a line": ("[\n" * (MOST + 5), MOST + 1),
    "blocks with brackets": ("- " * 20 + "[" * 1200, 1),
    "blocks": ("- " * 5000, 1),
    "blocks by indent": ("".join(" " * n + "a:\n" for n in range(MOST + 9)), MOST + 1),
    "behind texts": ('a: {b: "]]]", c: [x, \'}}\', d, ' + "[" * 1100, 1),
    "with an error behind": ("a:\r\n- " + "[" * 100 + " @ ]", 2),
}


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize("name", DEEP)
def test_too_deep_is_one_line_of_ours(name):
    text, line = DEEP[name]
    found = problem(text)
    assert found.message == yaml_source.TOO_DEEP
    assert found.line == line


MANY = "[{" * 600
FLAT = {
    "double quotes": (f'a: ["{MANY}", 1]', [MANY, 1]),
    "escaped quotes": (f'a: ["\\"{MANY}\\"", 1]', [f'"{MANY}"', 1]),
    "single quotes": (f"a: ['it''s {MANY}', 1]", [f"it's {MANY}", 1]),
    "plain": (f"a: b{MANY}", f"b{MANY}"),
    "plain over two lines": (f"a: b\n  {MANY}", f"b {MANY}"),
    "literal": (f"a: |\n  {MANY}", MANY),
    "folded": (f"a: >-\n  {MANY}", MANY),
    "a comment": (f"a: [1, # {MANY}\n 2]", [1, 2]),
    "the most": ("a: " + "[" * (MOST - 1) + "]" * (MOST - 1), None),
    "many side by side": ("a: [" + "[], " * 3000 + "]", [[]] * 3000),
}


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize("name", FLAT)
def test_brackets_in_texts_do_not_count(name):
    text, value = FLAT[name]
    data, _ = yaml_source.parse(text, "f")
    assert value is None or data == {"a": value}


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize("name", [name for name in FLAT if name != "the most"])
def test_an_error_behind_such_texts_is_not_taken_for_depth(name):
    text, _ = FLAT[name]
    found = problem(text.rstrip("]") + "\n\t@: }")
    assert found.message.startswith("not readable as YAML (")


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(
    ("text", "line"), [("a: [1,\r\n\r\n @]", 3), ("a: [1,\r\r @]", 3), ("a: [1,\n\n @]\n", 3), ("a: [1,\n", 2)]
)
def test_lines_are_counted_at_every_kind_of_line_break(text, line):
    assert problem(text).line == line


def xml_problem(tmp_path, text):
    (tmp_path / "a.nnc").write_text(text)
    with pytest.raises(ConfigError) as caught:
        parse_xml(tmp_path / "a.nnc", "f")
    (found,) = caught.value.problems
    return found


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("<SNN>\n" + "<a>" * 5000 + "</a>" * 5000 + "</SNN>", 2),
        ("<SNN>\n" + "<a b='>'>" * 5000, 2),
        ("<SNN>" + "<a\n>" * 5000, xml_depth.MAX_DEPTH),
        ("<SNN><!-- <a>\n --><![CDATA[</a>\n]]>" + "<a x='1' />" * 300 + "<a>" * 300, 3),
    ],
)
def test_elements_too_deep_are_one_line_of_ours(tmp_path, text, line):
    found = xml_problem(tmp_path, text)
    assert found.message == xml_depth.TOO_DEEP
    assert found.line == line


@pytest.mark.parametrize(
    "text",
    [
        "<SNN>\n<a>" + "<b/>" * 300 + "</SNN>",
        "<SNN>\n<a>" + "<b></b>" * 300 + "</SNN>",
        "<SNN>\n<!-- " + "<b>" * 300 + " --><a></SNN>",
        "<SNN>\n<a><![CDATA[" + "<b>" * 300 + "]]></SNN>",
        "<SNN>\n<a b='" + "/>" * 300 + "'></SNN>",
    ],
)
def test_elements_side_by_side_are_not_deep(tmp_path, text):
    found = xml_problem(tmp_path, text)
    assert found.message.startswith("not well-formed XML (")
    assert found.line == 2


def test_a_draft_of_many_problems_counts_them_all():
    many = draft.Draft()
    for _ in range(draft.KEPT_PROBLEMS + 7):
        many.add((), "wrong")
    with pytest.raises(ConfigError, match=f"and {draft.KEPT_PROBLEMS + 7 - MOST_SHOWN} more problems"):
        many.result()
