"""Tables of stored results: their cells, their places in pages, and that the pages of the repository show them."""

import json
import math

import pytest
import yaml

from colanet.continual.tables import (
    fill_page,
    markdown_table,
    percent,
    published_table,
    read_record,
    spread_of,
    three_digits,
    variant_of,
    variants_table,
)
from colanet.errors import DataError
from experiments import rivals, tables
from tests.continual.toys import ROOT

RECORD = {
    "experiment": {"published": [{"label": "theirs", "value": "92 %", "source": "arXiv 1"}]},
    "variants": [
        {
            "name": "a", "seeds": [0, 3], "configuration": {"copies": 15},
            "metrics": {"ACC": {"mean": 0.9456, "sd": 0.0123}, "drop": {"mean": -0.002, "sd": 0.004}},
            "train_seconds": [1.0, 4.0], "test_seconds": [0.5, 0.5],
        },
        {
            "name": "b", "seeds": [0], "configuration": {"method": "backprop"},
            "metrics": {"ACC": {"mean": 0.5, "sd": None}}, "train_seconds": [2.0], "test_seconds": [0.0],
        },
    ],
}  # fmt: skip


def test_cells_by_hand():
    assert percent(0.9456, 0.0123) == "94.6 ± 1.2"
    assert percent(0.9456) == percent(0.9456, math.nan) == "94.6"
    # 0.5 and 0.7: mean 0.6, deviations 0.1, divided by n - 1 = 1: sqrt(0.02) = 0.1414.
    assert spread_of([0.5, 0.7]) == "60.0 ± 14.1"
    assert spread_of([0.25]) == "25.0"
    assert markdown_table(["x", "y"], [[1, "a"]]) == "| x | y |\n| --- | --- |\n| 1 | a |"


def test_a_row_a_variant():
    made = variants_table(RECORD, ["copies", "seeds", "ACC", "drop", "learning", "tests"], "method")
    assert made.splitlines() == [
        "| method | copies | seeds | accuracy after the last task (% ± s.d.) "
        "| loss of the first task (points ± s.d.) | learning (s, median) | tests (s, median) |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| a | 15 | 2 | 94.6 ± 1.2 | -0.2 ± 0.4 | 2.5 | 0.5 |",
        "| b | – | 1 | 50.0 | – | 2.0 | – |",
    ]
    assert published_table(RECORD).splitlines()[-1] == "| theirs | 92 % | arXiv 1 |"
    assert variant_of(RECORD, "b")["seeds"] == [0]
    with pytest.raises(DataError, match="no variant c; known: a, b"):
        variant_of(RECORD, "c")


def test_costs_in_a_table():
    assert [three_digits(x) for x in (0, 0.031_44, 2.5, 31.96, 432.4, 1_570_000)] == [
        "0", "0.0314", "2.5", "32", "432", "1,570,000",
    ]  # fmt: skip
    costs = [{"memory": 4e6, "learn_operations": None}, {"memory": 5e6, "learn_operations": 1e5}]
    record = {"variants": [RECORD["variants"][0] | {"costs": costs}, RECORD["variants"][1]]}
    made = variants_table(record, ["memory", "learn_operations"], "method").splitlines()
    assert made[0] == "| method | memory (MB) | operations an image, learning (millions) |"
    assert made[2:] == ["| a | 4.5 | 0.1 |", "| b | – | – |"]


PAGE = """# A page
<!-- table: one -->
old
<!-- end -->
between
<!-- table: two -->
<!-- end -->
<!-- table: with other words -->
"""
MADE = {"one": lambda: "| 1 |", "two": lambda: "| 2 |", "three": lambda: pytest.fail("is not on the page")}


def test_only_what_stands_between_the_marks_changes():
    text = fill_page(PAGE, MADE)
    assert text == (
        "# A page\n<!-- table: one -->\n\n| 1 |\n\n<!-- end -->\nbetween\n"
        "<!-- table: two -->\n\n| 2 |\n\n<!-- end -->\n<!-- table: with other words -->\n"
    )
    assert fill_page(text, MADE) == text
    assert fill_page("no tables\n\n", MADE) == "no tables\n\n"


@pytest.mark.parametrize(("text", "said"), [
    ("\n<!-- table: four -->\n<!-- end -->", "p.md:2: there is no table four; known: one, three, two"),
    ("<!-- table: one -->\n", "p.md:1: the table has no end"),
    ("<!-- table: one -->\n<!-- table: two -->\n<!-- end -->", "p.md:1: the table has no end"),
])  # fmt: skip
def test_mistakes_in_pages_are_named_with_their_line(text, said):
    with pytest.raises(DataError, match=said):
        fill_page(text, MADE, "p.md")


@pytest.mark.parametrize("text", ["{", "[1]", '"text"'])
def test_result_files_that_are_none(text, tmp_path):
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"r\.json: "):
        read_record(path)
    with pytest.raises(DataError, match="no such file"):
        read_record(tmp_path / "none.json")


# ------------------------------------------------------ experiments/tables.py


def run(*words):
    """Exit status."""
    try:
        tables.main.main([*words], standalone_mode=False)
    except SystemExit as end:
        return end.code
    return 0


def test_the_pages_show_what_is_stored(capsys):
    assert run("--check") == 0, capsys.readouterr().err


def test_a_page_that_differs_is_told_and_can_be_written(tmp_path, monkeypatch, capsys):
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("<!-- table: mnist -->\n95.2\n<!-- end -->\n")
    (tmp_path / "docs" / "other.md").write_text("no table\n")
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    assert run("--check") == 1
    assert "README.md: differs from the results" in capsys.readouterr().err
    assert "95.2" in (tmp_path / "README.md").read_text()
    assert run() == 0
    assert "written: README.md\n" in capsys.readouterr().out
    assert tables.all_tables()["mnist"]() in (tmp_path / "README.md").read_text()
    assert run("--check") == 0


def test_every_experiment_has_its_table():
    described = {path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / "experiments").glob("*.yaml")}
    assert set(tables.EXPERIMENTS) == set(described)
    assert {name for name, fields in described.items() if fields.get("published")} == set(tables.PUBLISHED)


def test_every_stored_result_makes_its_table():
    made = tables.all_tables()
    stored = [path.stem for path in tables.RESULTS.glob("*.json")]
    for name in set(stored) - {"faults", "gpu"}:
        found = [made[one]() for one in made if one == name or one.startswith(f"{name}.")]
        assert found, name
        assert all(len(table.splitlines()) >= 3 for table in found), name
    several = [made[name]() for name in made if name.startswith("robustness.")]
    assert len(several) == 7
    assert all(len(text.splitlines()) >= 6 for text in several)
    assert len(tables.HEADLINE) <= 6
    assert len(made["headline"]().splitlines()) == 2 + len(tables.HEADLINE)


def test_the_best_rival_is_no_colanet_and_was_not_shown_all_tasks_at_once():
    def variant(name, method, accuracy):
        configuration = {"method": method} if method else {"copies": 2}
        metrics = {"ACC": {"mean": accuracy, "sd": None}}
        costs = [{"memory": 2_500_000}]
        return {"name": name, "configuration": configuration, "metrics": metrics, "costs": costs}

    made = {"variants": [variant("ours", "", 0.99), variant("mixed", "backprop-joint", 0.98),
                         variant("plain", "backprop", 0.7), variant("sums", "ridge", 0.95),
                         variant("neighbour", "nearest-neighbour", 0.9)]}  # fmt: skip
    assert rivals.best_rival(made)["name"] == "sums"
    assert rivals.beside(made, "ACC") == ["sums", "95.0", "2.5"]
    assert rivals.beside(made, "drop") == ["sums", "–", "2.5"]
    assert rivals.beside(None, "ACC") == ["–", "–", "–"]
    for one in made["variants"]:
        del one["costs"]
    assert rivals.beside(made, "ACC") == ["–", "–", "–"]


def test_sweeps_name_the_best_setting(tmp_path):
    tried = [{"options": {"lr": 1}, "problem": "grew"}, {"options": {"lr": 0.1}, "mean_at_the_end": 0.5},
             {"options": {"lr": 0.2}, "mean_at_the_end": 0.25}]  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps({"command": "c", "method": "backprop", "settings": tried}))
    assert rivals.sweeps(tmp_path).splitlines()[2:] == ['| `backprop` | 3 | `{"lr": 0.1}` | 50.0 | `c` |']


def test_the_course_of_capacity_ends_with_the_accuracy_after_the_last_task():
    """Two files, two ways: means over the last row of the matrices, and the metric ACC."""
    last = tables.course("capacity", tables.COURSES["capacity"]).splitlines()[-1].strip("| ").split(" | ")
    found = json.loads((tables.RESULTS / "capacity.json").read_text())["variants"]
    assert last == ["50", *(percent(v["metrics"]["ACC"]["mean"], v["metrics"]["ACC"]["sd"]) for v in found)]
