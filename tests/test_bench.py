"""`colanet bench` reports what it promises."""

import json
import math
import platform
from pathlib import Path

import pytest

from colanet.commands import bench_profile
from colanet.commands.bench import bench
from colanet.engine.cpu.clock import PARTS

CONFIG = Path(__file__).parents[1] / "configs" / "mnist.nnc"


@pytest.mark.slow
def test_bench_reports_times_beside_the_roofline(call):
    arguments = ["--train", "60", "--test", "40", "--rounds", "1", "--copies", "2", "--json"]
    status, printed, _ = call("bench", CONFIG, *arguments)
    assert status == 0
    result = json.loads(printed)
    for part in ("training", "test"):
        row = result[part]
        assert row["microseconds_per_image_copy"] > row["roofline_microseconds"] > 0
        assert math.isclose(
            row["roofline_fraction"], row["roofline_microseconds"] / row["microseconds_per_image_copy"]
        )
    rates = [row["rate"] for row in result["input_rate"]]
    assert rates == sorted(rates)
    assert rates[0] == 0.0
    # Without spikes and without kicks almost nothing is left to do.
    silent, busy = result["input_rate"][0], result["input_rate"][-1]
    assert silent["without_kicks"] < busy["without_kicks"] / 10


@pytest.mark.slow
@pytest.mark.skipif(platform.machine().lower() not in bench_profile.MACHINES, reason="needs x86")
def test_the_profile_adds_up(capfd, call):
    arguments = ["--train", "60", "--test", "40", "--rounds", "1", "--copies", "2", "--json", "--profile"]
    with pytest.raises(SystemExit) as ended:
        bench.main([str(CONFIG), *arguments], standalone_mode=False)
    assert ended.value.code == 0
    result = json.loads(capfd.readouterr().out)
    for part in ("training", "test"):
        assert set(result[part]) == {*PARTS, bench_profile.ENCODING}
        assert all(value >= 0 for value in result[part].values())
        assert result[part]["weight rows"] > 0
    assert result["training"]["own spikes"] > 0
    assert result["test"]["own spikes"] == 0


def test_processors_without_a_known_counter_are_told_in_one_line(call, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    status, _, said = call("bench", CONFIG, "--profile")
    assert status == 2
    assert "--profile counts the cycles of x86 processors, not of aarch64" in said
