"""How often the racket meets the ball: while the network learns, frozen, and beside moves that are drawn."""

from __future__ import annotations

import functools
import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from colanet import Session, __version__, config
from colanet.atomic import write_text
from colanet.continual.tables import markdown_table, read_record, spread_of
from colanet.doors import INPUTS, READOUTS
from colanet.hashing import draw64
from colanet.locks import make_folder
from colanet.viz import save
from colanet.viz.figure import COLOURS, MARKERS, new_figure, styled
from experiments.ping_pong.ping_pong import MET, Moves, World, make

HERE = Path(__file__).parent
RESULTS = HERE.parent / "results"
PERIOD = 20
HITS = {
    "input.Reward.args": '{"when": "hit"}', "input.Punishment.args": '{"when": "missed"}',
    "population.L.dopamine_window": "400",
}  # fmt: skip
"""Rewards come with hits alone, and reach back 20 frames."""
PLAYERS: dict[str, Mapping[str, str] | None] = {
    "moves that are drawn": None, "untrained network": {}, "reward for hits alone": HITS,
    "reward for coming nearer": {},
}  # fmt: skip
"""Changes of the shipped network, by name; None: no network."""


@dataclass(frozen=True)
class Options:
    """So many seeds from `first_seed` on, frames with plasticity, frames without, and frames of a window."""

    seeds: int = 5
    first_seed: int = 0
    learning: int = 10_000
    frozen: int = 2000
    window: int = 2000
    engine: str = "auto"
    players: tuple[str, ...] = tuple(PLAYERS)
    results: Path = RESULTS

    @property
    def steps(self) -> int:
        """Of a whole run."""
        return (self.learning + self.frozen) * PERIOD

    def command(self) -> str:
        """The command that gives the same results."""
        sizes = f"--learning {self.learning} --frozen {self.frozen} --window {self.window}"
        return f"python -m experiments.ping_pong --seeds {self.seeds} --first-seed {self.first_seed} {sizes}"


def play(options: Options, seed: int, changes: Mapping[str, str] | None, learning: int | None = None) -> np.ndarray:
    """The log of a game: of the network of this folder with changes, or of drawn moves (None)."""
    if changes is None:
        return drawn(World(options.steps, seed))
    INPUTS.register("ping-pong", make, replace=True)
    READOUTS.register("moves", Moves, replace=True)
    steps = {"input.R.args": json.dumps({"steps": options.steps})}
    network = config.override_all(config.load(HERE / "ping_pong.yaml"), {**steps, **changes})
    try:
        session = Session(network, base_dir=HERE, seed=seed, engine=options.engine, threads=1)
        session.proceed(freeze=PERIOD * (options.learning if learning is None else learning))
    finally:
        INPUTS.unregister("ping-pong")
        READOUTS.unregister("moves")
    (world,) = session.worlds
    assert isinstance(world, World)
    return world.log


def drawn(world: World) -> np.ndarray:
    """The log of a game whose moves are up or down, as a coin falls."""
    coin = SimpleNamespace(move=lambda frame: 1 - 2 * (int(draw64(world.seed + 1, np.array([frame]))[0]) >> 63))
    world.begin(SimpleNamespace(presentation=SimpleNamespace(period=PERIOD), readout=coin))
    for frame in range(world.n_steps // PERIOD):
        world.play(frame)
    return world.log


def counted(log: np.ndarray, window: int) -> dict[str, list[int]]:
    """Hits and misses in every window of frames."""
    parts = np.split(log[1:, MET], np.arange(window, len(log) - 1, window))
    return {"hits": [int((part > 0).sum()) for part in parts], "missed": [int((part < 0).sum()) for part in parts]}


def measure(options: Options, say: Callable[[str], None]) -> str:
    """Let all players play; writes ping_pong.json, .md and .png, and returns the table."""
    make_folder(options.results)
    players = []
    for name in options.players:
        runs = []
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            learning = 0 if name == "untrained network" else None
            log = play(options, seed, PLAYERS[name], learning)
            runs.append({"seed": seed} | counted(log, options.window))
            say(f"{name}, seed {seed}: {100 * rates(runs[-1])[-1]:.1f} % at the end")
        players.append({"name": name, "runs": runs})
    record = {
        "command": options.command(), "colanet": __version__, "machine": platform.machine(),
        "learning": options.learning, "frozen": options.frozen, "window": options.window, "players": players,
    }  # fmt: skip
    text = table(record)
    write_text(options.results / "ping_pong.json", json.dumps(record, indent=1) + "\n")
    write_text(options.results / "ping_pong.md", text + "\n")
    save(picture(record), options.results / "ping_pong.png")
    return text


def rates(run: Mapping[str, Any]) -> np.ndarray:
    """Share of balls that were hit, a window each."""
    hits, missed = np.array(run["hits"]), np.array(run["missed"])
    return hits / np.maximum(hits + missed, 1)


def table(record: Mapping[str, Any]) -> str:
    """Mean hit rate over seeds, a row each player: the first frames, the last with plasticity, those without."""
    window, learning = record["window"], record["learning"]
    last = -(-learning // window) - 1
    head = [
        "player", "seeds", f"frames 1 to {window} (% ± s.d.)",
        f"frames {last * window + 1} to {learning} (% ± s.d.)", f"then {record['frozen']} frozen (% ± s.d.)",
    ]  # fmt: skip
    rows = []
    for player in record["players"]:
        found = np.array([rates(run) for run in player["runs"]])[:, [0, last, -1]]
        rows.append([player["name"], len(found), *(spread_of(column.tolist()) for column in found.T)])
    return markdown_table(head, rows)


@styled
def picture(record: Mapping[str, Any]) -> Any:
    """Hit rate over time: mean of the seeds, standard deviation as a band."""
    figure = new_figure(5.6, 3.4)
    ax = figure.add_subplot()
    for i, player in enumerate(record["players"]):
        found = 100 * np.array([rates(run) for run in player["runs"]])
        x = record["window"] * (0.5 + np.arange(found.shape[1]))
        mean, spread = found.mean(axis=0), found.std(axis=0, ddof=1) if len(found) > 1 else 0
        ax.fill_between(x, mean - spread, mean + spread, color=COLOURS[i], alpha=0.2, lw=0)
        ax.plot(x, mean, color=COLOURS[i], marker=MARKERS[i], label=player["name"])
    ax.axvline(record["learning"], color="black", ls=":", lw=1)
    ax.annotate("frozen", (record["learning"], 3), xytext=(4, 0), textcoords="offset points", fontsize=8)
    ax.set(xlabel="frame", ylabel="balls that were hit, %", ylim=(0, 100), xlim=(0, None))
    ax.grid(axis="y")
    ax.legend(loc="upper left")
    return figure


def stored() -> dict[str, Callable[[], str]]:
    """Tables by their names."""
    return {"ping_pong": functools.partial(_table, RESULTS / "ping_pong.json")}


def _table(path: Path) -> str:
    return table(read_record(path))
