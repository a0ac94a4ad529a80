"""`colanet bench` reports what it promises."""

import json
import math
from pathlib import Path

import pytest

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
