"""docs/closed_loop.md runs, and its numbers are those of the code."""

import re
from pathlib import Path

from colanet.doors import INPUTS, READOUTS
from experiments.ping_pong import measure, ping_pong

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "closed_loop.md").read_text(encoding="utf-8")


def test_the_python_of_the_page_runs(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    try:
        exec(compile(code, "docs/closed_loop.md", "exec"), {"__name__": "page"})
    finally:
        INPUTS.unregister("ping-pong")
        READOUTS.unregister("moves")
    assert re.fullmatch(r"\d+ of \d+ balls\n", capsys.readouterr().out)


def test_the_numbers_of_the_page_are_those_of_the_code():
    options = measure.Options()
    assert f"learn for {options.learning:,} frames. In the last {options.frozen:,} frames" in PAGE
    assert f"--freeze-at {options.learning * measure.PERIOD} " in PAGE
    assert f"| field | {ping_pong.SIDE} x {ping_pong.SIDE} |" in PAGE
    assert f"on the left, {2 * ping_pong.HALF} long" in PAGE
    assert f"| move of the racket | {ping_pong.PACE} a frame" in PAGE
    assert f"a frame | {measure.PERIOD} steps" in PAGE
    assert measure.HITS["population.L.dopamine_window"] == "400" == str(20 * measure.PERIOD)
    rows = re.findall(r"^\| ([\w ]+) \| .+ \|$", PAGE.partition("| player | what it is |")[2], re.MULTILINE)
    assert rows[: len(measure.PLAYERS)] == list(measure.PLAYERS)
