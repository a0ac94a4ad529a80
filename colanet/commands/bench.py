"""`colanet bench`: speed of training and testing on one core, beside what the memory alone would allow.

The roofline is the bare loop that adds the weight rows of the spiking inputs to the neurons' sums, with nothing
else around it, run over the same spikes in the same minute.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import click
import numpy as np

from colanet import config
from colanet.commands import bench_profile
from colanet.commands.dataset import with_dataset
from colanet.commands.options import lenient
from colanet.compiled import PROFILING
from colanet.config.model import Network
from colanet.errors import ConfigError
from colanet.plan import build
from colanet.session import Session
from colanet.units import WEIGHT_LIMIT

RATES = (0.0, 0.001, 0.01, 0.03, 0.1, 0.3)


@click.command()
@click.argument("configuration", type=click.Path(path_type=Path))
@click.option("--copies", type=click.IntRange(1), default=3, show_default=True)
@click.option("--train", type=click.IntRange(1), default=6000, show_default=True, help="Training images a round.")
@click.option("--test", type=click.IntRange(1), default=2000, show_default=True, help="Test images a round.")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="The medians are reported.")
@click.option("--dataset", metavar="NAME",
              help="Images and labels of this data set, instead of the configuration's.")  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path), help="Where to look for data sets first.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--profile", is_flag=True, help="Where the time goes, part by part, instead.")
@lenient
def bench(**given: Any) -> None:
    """Measure microseconds of CPU time per image and copy, and the time against the input rate."""
    options = BenchOptions(**given)
    if options.profile and not PROFILING:
        sys.exit(bench_profile.in_profiling_process(options.arguments()))
    result: dict[str, Any] = profile(options) if options.profile else measure(options)
    text = bench_profile.report if options.profile else report
    click.echo(json.dumps(result) if options.as_json else text(result))


@dataclass(frozen=True)
class BenchOptions:
    """What `colanet bench` was asked for; the fields are the options of the same names."""

    configuration: Path
    copies: int
    train: int
    test: int
    rounds: int
    dataset: str | None
    data: Path | None
    as_json: bool
    profile: bool
    lenient: bool

    def arguments(self) -> list[str]:
        """What to call the command with for these options."""
        numbers = [f"--{name}={getattr(self, name)}" for name in ("copies", "train", "test", "rounds")]
        named = [f"--{name}={getattr(self, name)}" for name in ("dataset", "data") if getattr(self, name)]
        flags = [flag for flag, on in (("--json", self.as_json), ("--lenient", self.lenient)) if on]
        return [str(self.configuration), "--profile", *numbers, *named, *flags]


def profile(options: BenchOptions) -> dict[str, dict[str, float]]:
    """Where the time goes; see `colanet.commands.bench_profile`."""
    _, session = begun(options)
    return bench_profile.profiled([session() for _ in range(options.rounds)])


def measure(options: BenchOptions) -> dict[str, Any]:
    """The medians of all rounds, and the time against the input rate.

    Raises
    ------
    ConfigError
        If the configuration shows no labelled images.
    """
    network, session = begun(options)
    runs = [one_round(session()) for _ in range(options.rounds)]
    result: dict[str, Any] = {
        "copies": options.copies,
        "train_images": options.train,
        "test_images": options.test,
        "rounds": options.rounds,
    }
    for part in ("training", "test"):
        spent, roof = (median(run[part][i] for run in runs) for i in (0, 1))
        result[part] = {
            "microseconds_per_image_copy": spent,
            "roofline_microseconds": roof,
            "roofline_fraction": roof / spent if roof else None,
        }
    result["synaptic_events_per_second"] = median(run["events_per_second"] for run in runs)
    result["input_rate"] = against_rate(network)
    return result


def begun(options: BenchOptions) -> tuple[Network, Callable[[], Session]]:
    """The network, and what makes a session of it; its kernels are compiled."""
    network = with_dataset(config.load(options.configuration, lenient=options.lenient), options.dataset)

    def session() -> Session:
        return Session(
            network, base_dir=options.configuration.parent, engine="numba", threads=1, copies=options.copies,
            train=options.train, test=options.test, data_dir=options.data,
        )  # fmt: skip

    first = session()
    if first.votes is None or first.target is None:
        raise ConfigError(f"{options.configuration}: no labelled images, expected an image input and a target")
    asked = f"{options.rounds} rounds of {options.train} + {options.test} images, {options.copies} copies, one core"
    click.echo(f"{options.configuration}: {asked}", err=True)
    first.run(10 * first.votes.period)  # compiles, or loads what is compiled
    return network, session


def one_round(session: Session) -> dict[str, Any]:
    """One round: (microseconds per image and copy, roofline) of training and test."""
    assert session.votes is not None
    p, period, copies = session.presentation, session.votes.period, session.plan.copies
    cut, stop = p.n_train * period, (p.n_train + p.n_test) * period
    result: dict[str, Any] = {}
    for part, first, last in (("training", 0, cut), ("test", cut, stop)):
        spent = seconds(partial(advance, session, last, cut))
        images = (last - first) / period
        result[part] = (1e6 * spent / images / copies, 1e6 * roofline(session, first, last) / images)
    result["events_per_second"] = session.counts.events / session.counts.seconds
    return result


def advance(session: Session, stop: int, freeze: int) -> None:
    """Run on in chunks of the usual size, without the digest that ends a run."""
    while session.step < stop:
        session.advance(min(session.step + session.chunk_steps, stop), freeze)


def seconds(call: Callable[[], Any]) -> float:
    """Seconds of CPU time that a call takes, in all threads; other work on the machine does not count."""
    began = time.process_time()
    call()
    return time.process_time() - began


def roofline(session: Session, first: int, last: int) -> float:
    """Seconds that one copy's bare row additions take for the steps first..last-1."""
    from colanet.engine.cpu.run import add_all_rows
    from colanet.engine.cpu.tables import GRAIN
    from colanet.engine.numba_engine import aligned

    assert session.votes is not None
    period = session.votes.period

    total = 0.0
    for projection in session.plan.projections:
        if projection.kind != "plastic" or not projection.from_input:
            continue
        source = session.presentation.sources[projection.source]
        stride = GRAIN.padded(projection.target_size)
        weight = aligned(projection.source_size * stride, np.int16)
        sums = aligned(period * stride, np.int32)
        rule = session.plan.populations[projection.target].rule
        most = WEIGHT_LIMIT // max(-rule.weight_base, rule.weight_top, 1)
        ptr, index = _seen(session.plan.seen(projection.index, 0), *source.spikes(first, last))
        add_all_rows(sums, weight, ptr[:2], index, most, period)
        total += seconds(partial(add_all_rows, sums, weight, ptr, index, most, period))
    return total


def _seen(nodes: np.ndarray | None, ptr: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The spikes of some nodes of an input; None: of all."""
    if nodes is None:
        return ptr, index
    kept = np.isin(index, nodes)
    return np.concatenate([[0], np.cumsum(kept)])[ptr], index[kept]


def against_rate(network: Network) -> list[dict[str, float]]:
    """Time of a step, frozen, for random input of several rates; with and without random kicks."""
    from colanet.engine.numba_engine import NumbaEngine

    still = network.model_copy(
        update={"populations": tuple(p.model_copy(update={"noise_amplitude": 0.0}) for p in network.populations)}
    )
    rows, steps = [], 20_000
    for rate in RATES:
        row = {"rate": rate}
        for name, described in (("microseconds_per_step", network), ("without_kicks", still)):
            described = described.model_copy(update={"copies": 1})
            plan = build(described, input_sizes={i.name: i.size or _size(i) for i in described.inputs})
            engine = NumbaEngine(plan)
            drawn = [Drawn(*i, 0.0 if number else rate, steps) for number, i in enumerate(plan.inputs)]
            inputs = engine.encode(drawn, 0, 0, steps)
            engine.run(inputs, 0, 10, freeze=0)
            row[name] = 1e6 * seconds(partial(engine.run, inputs, 10, steps, freeze=0)) / steps
        rows.append(row)
    return rows


def _size(described: Any) -> int:
    return int(np.prod(described.shape)) if getattr(described, "shape", None) else 784


class Drawn:
    """Random spikes, drawn once: every node fires with the same probability at every step from 0 to `steps`."""

    def __init__(self, name: str, size: int, rate: float, steps: int) -> None:
        self.name, self.size = name, size
        self.n_steps: int | None = steps
        rng = np.random.default_rng(0)
        self.ptr = np.concatenate([[0], np.cumsum(rng.binomial(size, rate, steps))]).astype(np.int64)
        self.index = rng.integers(0, size, int(self.ptr[-1])).astype(np.int32)

    def spikes(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """Spikes of the steps start <= t < stop."""
        ptr = self.ptr[start : stop + 1]
        return ptr - ptr[0], self.index[ptr[0] : ptr[-1]]


def report(result: dict[str, Any]) -> str:
    """The measurement for people."""
    lines = ["            us an image and copy   bare row additions   fraction"]
    for part in ("training", "test"):
        row = result[part]
        fraction = row["roofline_fraction"]
        lines.append(
            f"{part:11s} {row['microseconds_per_image_copy']:20.2f} {row['roofline_microseconds']:20.2f}"
            f" {'-' if fraction is None else f'{100 * fraction:8.0f} %'}"
        )
    lines += [
        f"{result['synaptic_events_per_second']:.3g} synaptic events a second on one core",
        "",
        "spikes a node and step   us a step   without random kicks",
    ]
    for row in result["input_rate"]:
        lines.append(f"{row['rate']:22.3f} {row['microseconds_per_step']:11.3f} {row['without_kicks']:22.3f}")
    return "\n".join(lines)
