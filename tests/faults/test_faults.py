"""The short form of `python -m tests.faults`."""

import pytest

from experiments.tables import filled
from tests.faults import disks, flips, kills, table, work

SHORT = {"saved state": 40, "checkpoint of run": 40, "results of run": 40, "outcome of continual": 15,
         "journal of search": 6, "archive of fields": 40, "gzipped IDX file": 40}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", work.WORKS)
def test_killed_runs_end_as_if_nothing_had_been(name, tmp_path):
    if name == "search":
        pytest.importorskip("optuna")
    found = kills.kill(work.WORKS[name], tmp_path, 2)
    assert found.problems == []
    assert found.kills == 2
    assert found.runs >= 1


@pytest.mark.slow
@pytest.mark.parametrize("name", flips.KINDS)
def test_a_flipped_bit_is_refused_or_harmless(name, tmp_path):
    if name == "journal of search":
        pytest.importorskip("optuna")
    found = flips.flip_apart(name, tmp_path / "files", SHORT[name])
    assert found.problems == []
    assert found.refused + found.harmless == found.flips == SHORT[name]
    assert found.refused > 0


@pytest.mark.slow
def test_full_disks_cost_nothing_but_the_run(tmp_path):
    if not disks.can_mount(tmp_path):
        pytest.skip("a small file system cannot be mounted here (needs root)")
    found = disks.fill(tmp_path / "disks", 2)
    assert found.problems == []
    assert found.full > 0
    assert found.enough > 0
    assert found.continued > 0


def test_the_page_shows_what_was_found():
    text = table.PAGE.read_text(encoding="utf-8")
    assert filled(table.PAGE) == text
    for name in ("kills", "disks", "flips"):
        assert f"<!-- table: faults.{name} -->" in text


def test_the_findings_are_without_problems():
    found = table.stored()
    assert sum(part["kills"] for part in found["kills"].values()) >= 60
    assert all(part["flips"] >= 200 for part in found["flips"].values())
    assert found["disks"]["tmpfs"]["disks"] >= 20
    assert table.problems(found) == []
