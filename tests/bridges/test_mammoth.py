"""Mammoth's columns, worked by hand."""

import csv
from pathlib import Path

import numpy as np
import pytest

from colanet.bridges import mammoth
from colanet.errors import DataError, OutputError

MATRIX = np.array([[0.9, 0.2, 0.3], [0.7, 0.8, 0.4], [0.6, 0.9, 1.0]])
UNTRAINED = np.array([0.1, 0.1, 0.2])


def test_columns_by_hand():
    row = mammoth.row(MATRIX, UNTRAINED, dataset="d", seed=3)
    expected = {
        "dataset": "d", "seed": 3,
        "accmean_task1": 90, "accmean_task2": 75, "accmean_task3": 250 / 3,
        "accuracy_1_task1": 90,
        "accuracy_1_task2": 70, "accuracy_2_task2": 80,
        "accuracy_1_task3": 60, "accuracy_2_task3": 90, "accuracy_3_task3": 100,
        "forward_transfer": (10 + 20) / 2,  # 20 - 10 and 40 - 20
        "backward_transfer": (-30 + 10) / 2,
        "forgetting": (30 + 0) / 2,  # the second task was never better than at the end
    }  # fmt: skip
    assert list(row) == list(expected)
    assert row == pytest.approx(expected)


def test_what_is_not_known_is_empty(tmp_path):
    row = mammoth.row(MATRIX)
    assert row["forward_transfer"] is None
    one = mammoth.row(MATRIX[:1, :1])
    assert one == {"accmean_task1": 90, "accuracy_1_task1": 90, "forward_transfer": None,
                   "backward_transfer": None, "forgetting": None}  # fmt: skip
    mammoth.append(tmp_path / "r.csv", one)
    assert (tmp_path / "r.csv").read_text().splitlines()[1] == "90.0,90.0,,,"


def test_what_was_not_tested_before_it_was_learnt_is_not_asked_for():
    later = np.where(np.tri(3, dtype=bool), MATRIX, np.nan)
    assert mammoth.row(later) == mammoth.row(MATRIX)
    later[1, 0] = np.nan
    with pytest.raises(DataError, match="an accuracy is missing after task 2, expected those of the tasks 1 to 2"):
        mammoth.row(later)


def test_runs_are_added_to_a_file(tmp_path):
    path = tmp_path / "results.csv"
    for seed in range(3):
        mammoth.append(path, mammoth.row(MATRIX, dataset="a, b", seed=seed))
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["seed"] for row in rows] == ["0", "1", "2"]
    assert {row["dataset"] for row in rows} == {"a, b"}
    assert float(rows[0]["backward_transfer"]) == pytest.approx(-10)
    before = path.read_bytes()
    with pytest.raises(DataError, match=r"s\.csv: line 1: other columns, expected 15 as in this run; lr differs"):
        mammoth.append(path, mammoth.row(MATRIX, dataset="a", seed=1, lr=2))
    assert path.read_bytes() == before


def test_a_folder_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(OutputError, match="no such folder"):
        mammoth.append(tmp_path / "none" / "r.csv", {"a": 1})


def test_the_page_has_these_columns():
    page = (Path(__file__).parents[2] / "docs" / "bridges.md").read_text(encoding="utf-8")
    one = {"accmean_task2": "accmean_taskI", "accuracy_1_task2": "accuracy_J_taskI"}
    named = [one.get(name, name) for name in mammoth.row(MATRIX) if name in one or "task" not in name]
    assert len(named) == 5
    assert all(f"| `{name}` |" in page for name in named)
    assert all(f"| {name} |" in mammoth.__doc__ for name in named)


def test_a_file_without_a_last_newline_and_columns_in_another_order(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("seed,model\n0,a")
    mammoth.append(path, {"model": "b", "seed": 1})
    assert path.read_text() == "seed,model\n0,a\n1,b\n"
