"""`colanet bench` reports what it promises."""

import json
import math
from pathlib import Path

from click.testing import CliRunner

from colanet.commands.bench import bench

CONFIG = Path(__file__).parents[1] / "configs" / "mnist.nnc"


def test_bench_reports_times_beside_the_roofline():
    arguments = [str(CONFIG), "--train", "60", "--test", "40", "--rounds", "1", "--copies", "2", "--json"]
    outcome = CliRunner().invoke(bench, arguments, catch_exceptions=False)
    result = json.loads(outcome.stdout)
    for part in ("training", "test"):
        row = result[part]
        assert row["microseconds_per_image_copy"] > row["roofline_microseconds"] > 0
        assert math.isclose(
            row["roofline_fraction"], row["roofline_microseconds"] / row["microseconds_per_image_copy"]
        )
    rates = [row["rate"] for row in result["input_rate"]]
    assert rates == sorted(rates) and rates[0] == 0.0
    # Without spikes and without kicks almost nothing is left to do.
    silent, busy = result["input_rate"][0], result["input_rate"][-1]
    assert silent["without_kicks"] < busy["without_kicks"] / 10
