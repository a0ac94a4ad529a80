"""The table of docs/reproduce.md, by hand."""

import json

from experiments import reproduce_report


def test_sections_are_found_with_the_anchors_of_the_page(tmp_path):
    text = "# P\n## A `b`\n```bash\n# no heading\n```\n<!-- table: one -->\n## A `b`\n<!-- table: two.course -->\n"
    (tmp_path / "p.md").write_text(text)
    found = [reproduce_report.place_of(name, tmp_path) for name in ("one", "two", "on", "three")]
    assert found == ["[A `b`](p.md#a-b)", "[A `b`](p.md#a-b-1)", "–", "–"]


def test_times_are_those_of_all_runs(tmp_path):
    seconds = {"train_seconds": [30.0, 60.0], "test_seconds": [3.0, 3.0], "seeds": [0, 1]}
    variants = [seconds, {"train_seconds": [90.0], "test_seconds": [0.0], "seeds": [0]}]
    (tmp_path / "letters.json").write_text(json.dumps({"variants": variants}))
    row = reproduce_report.row("letters", tmp_path)
    assert (row[0], row[2]) == ("`letters`", "emnist-letters, mnist")
    assert row[4:] == [3, "3.0", "0.1"]
    assert reproduce_report.row("mnist", tmp_path)[4:] == ["–", "–", "–"]
