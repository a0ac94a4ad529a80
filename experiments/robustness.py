"""How trained networks degrade: dead synapses, dead neurons, noise on weights, noise on pixels.

    python -m experiments.robustness --data ../shared/data

Each network learns MNIST once a seed. Each damage is then done to the trained network, or to the test images, and
the network is tested, frozen. A rival, ridge regression on random features, is damaged in the same ways. States and
results of single runs lie in a folder of runs; what is there already is not done again. Writes robustness.md,
robustness.json and robustness.png to experiments/results.
"""

from __future__ import annotations

import functools
import json
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from colanet import config, datasets
from colanet.atomic import write_text
from colanet.checkpoints import saved
from colanet.config.model import ImageInput, Network
from colanet.continual.baselines.moments import Ridge
from colanet.continual.baselines.options import read_options, used
from colanet.continual.baselines.run import make_rival
from colanet.continual.results import versions
from colanet.continual.study import Say
from colanet.continual.tables import markdown_table, read_record, spread_of
from colanet.damage import Damage, noisy_pixels, salt_and_pepper
from colanet.damage.chance import NORMAL_Q, Draw, dead, key_of, normal
from colanet.encoding.arrays import present_arrays
from colanet.encoding.features import learnt_of, with_learnt
from colanet.errors import ConfigError
from colanet.locks import make_folder
from colanet.programs import run_safely
from colanet.session import Session
from colanet.viz import level_curves, save

HERE = Path(__file__).parent
RIVAL = "ridge, 5,000 random features"
NETWORKS = (("mnist_one_450", 1), ("mnist_45_inhibited", 15), ("mnist_features", 1), ("mnist_features", 15))
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
LEVELS: dict[str, tuple[float, ...]] = {
    "dead_synapses": SHARES,
    "dead_neurons": SHARES,
    "weight_noise": (0.0, 0.1, 0.2, 0.5, 1.0),
    "salt_and_pepper": SHARES,
    "noisy_pixels": (0.0, 16.0, 32.0, 64.0, 96.0),
}
"""Kinds of damage by the names of `colanet.damage`, and their levels; the first of each is no damage."""
HEADINGS = {
    "dead_synapses": ("dead synapses", "{:.0%}", "dead synapses (share)"),
    "dead_neurons": ("dead neurons", "{:.0%}", "dead neurons (share)"),
    "weight_noise": ("noise on weights, s.d. of the weights", "{:g}", "noise on weights (s.d. of the weights)"),
    "salt_and_pepper": ("pixels at 0 or 255", "{:.0%}", "pixels at 0 or 255 (share)"),
    "noisy_pixels": ("noise on pixels, s.d. in grey values", "{:g}", "noise on pixels (s.d., grey values)"),
}
"""Heading of a table's first column, how its levels are written, and the axis of its panel."""
Pair = tuple[float, float]
"""Accuracy and share without an answer."""
Test = Callable[[str, float], Pair]
"""Accuracy with a kind of damage at a level."""


@dataclass(frozen=True)
class Options:
    """What is measured.

    Attributes
    ----------
    seeds : int
        How many, from 0; a seed is that of the network and of the damage.
    train, test : int or None
        Only the first so many images.
    features : int
        Random features of the rival.
    networks : tuple of (str, int)
        Configurations, and how many copies.
    threads : int or None
    data_dir : path or None
        Where to look for data sets first.
    runs, results : Path
        Folders of states with single results, and of tables.
    """

    seeds: int = 4
    train: int | None = None
    test: int | None = None
    features: int = 5000
    networks: tuple[tuple[str, int], ...] = NETWORKS
    threads: int | None = None
    data_dir: Path | None = None
    runs: Path = HERE / "runs" / "robustness"
    results: Path = HERE / "results"

    def command(self) -> str:
        """The command that gives the same results."""
        given = (("train", self.train), ("test", self.test))
        cuts = "".join(f" --{name} {value}" for name, value in given if value)
        features = "" if self.features == Options.features else f" --features {self.features}"
        return f"python -m experiments.robustness --seeds {self.seeds}{cuts}{features}"


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=Options.seeds, show_default=True, help="How many.")
@click.option("--train", type=click.IntRange(1), help="Only the first so many training images.")
@click.option("--test", type=click.IntRange(1), help="Only the first so many test images.")
@click.option("--features", type=click.IntRange(1), default=Options.features, show_default=True,
              help="Random features of the rival.")  # fmt: skip
@click.option("--threads", type=click.IntRange(1), help="Copies that run side by side.  [default: all cores]")
@click.option("--data", "data_dir", type=click.Path(path_type=Path), help="Where to look for data sets first.")
@click.option("--runs", type=click.Path(path_type=Path), default=Options.runs, help="Folder of states.")
@click.option("--results", type=click.Path(path_type=Path), default=Options.results, help="Folder of results.")
@click.option("--quiet", is_flag=True, help="Print nothing but the result.")
def main(quiet: bool, **given: Any) -> None:
    """Measure how damage and noise lower the accuracy of trained networks."""
    say = (lambda text: None) if quiet else (lambda text: click.echo(text, err=True))
    click.echo(measure(Options(**given), say))


def measure(options: Options, say: Say) -> str:
    """Measure, write the results, and give the tables."""
    make_folder(options.runs)
    make_folder(options.results)
    parts = []
    for name, copies in options.networks:
        path = HERE.parent / "configs" / f"{name}.yaml"
        network = config.load(path).model_copy(update={"copies": copies})
        described = network.model_dump(mode="json")
        begin = functools.partial(trained, options, name, network)
        parts.append(repeated(options, f"{name}-{copies}", described, begin, say))
        parts[-1] |= {"name": label(name, copies), "copies": copies}
    rival = read_options("ridge", {"features": options.features})
    described = used("ridge", rival, 784, 10)
    parts.append(repeated(options, "ridge", described, functools.partial(taught, options), say))
    parts[-1] |= {"name": RIVAL, "copies": None}
    record = {"command": options.command(), "versions": versions(), "networks": parts}
    text = as_markdown(record)
    write_text(options.results / "robustness.json", json.dumps(record, indent=1) + "\n")
    write_text(options.results / "robustness.md", text)
    save(picture(record), options.results / "robustness.png")
    return text


def label(name: str, copies: int) -> str:
    """Name of a network in tables."""
    return f"{name}, {copies} {'copy' if copies == 1 else 'copies'}"


def repeated(
    options: Options, name: str, described: Mapping[str, Any], begin: Callable[[int, Path], Test], say: Say
) -> dict[str, Any]:
    """One network with all its seeds; runs that stand in their files are taken from there."""
    stamp = {"configuration": described, "train": options.train, "test": options.test, "levels": levels()}
    runs = []
    for seed in range(options.seeds):
        file = options.runs / f"{name}-{seed}.json"
        run = read_record(file) if file.exists() else {}
        if run.get("stamp") != json.loads(json.dumps(stamp)):
            say(f"{name}, seed {seed}")
            began = time.perf_counter()
            found = damaged(begin(seed, file.with_suffix(".h5")))
            run = {"stamp": stamp, "found": found, "seconds": round(time.perf_counter() - began, 2)}
            write_text(file, json.dumps(run) + "\n")
        runs.append(run)
    return {
        "seeds": list(range(options.seeds)),
        "results": {
            kind: [
                {
                    "level": level,
                    "accuracy": [run["found"][kind][i][0] for run in runs],
                    "unanswered": [run["found"][kind][i][1] for run in runs],
                }
                for i, level in enumerate(values)
            ]
            for kind, values in LEVELS.items()
        },
        "seconds": [run["seconds"] for run in runs],
        "configuration": described,
    }


def levels() -> dict[str, list[float]]:
    """All levels, as JSON has them."""
    return {kind: list(values) for kind, values in LEVELS.items()}


def damaged(test: Test) -> dict[str, list[Pair]]:
    """What a network gives at every level of every kind; without damage it is tested once."""
    whole = test("dead_synapses", 0.0)
    return {kind: [whole, *(test(kind, level) for level in values[1:])] for kind, values in LEVELS.items()}


def noisy(kind: str, level: float, images: np.ndarray, seed: int) -> np.ndarray:
    """Images with noise of a kind; as they are if the damage is none of images."""
    disturb = {"salt_and_pepper": salt_and_pepper, "noisy_pixels": noisy_pixels}.get(kind)
    return disturb(images, level, seed) if disturb else images


# -------------------------------------------------------------------- networks


def trained(options: Options, name: str, network: Network, seed: int, state: Path) -> Test:
    """A test of a network that has learnt, which is taken from a file of its state if that is there."""
    path = HERE.parent / "configs" / f"{name}.yaml"
    if not (state.exists() and learnt_as(network, state, options)):
        session = Session(
            network, base_dir=path.parent, seed=seed, threads=options.threads, train=options.train, test=0,
            data_dir=options.data_dir,
        )  # fmt: skip
        session.proceed()
        session.save(state)
    described = saved(state).plan.description
    images, labels = tested_images(options, described)
    show = functools.partial(present_arrays, described.inputs, labels=labels, n_taught=0, seed=seed)
    session = Session(described, seed=seed, threads=options.threads, presentation=show(images))
    session.load(state)
    place = session.bookmark()

    def test(kind: str, level: float) -> Pair:
        harm = {kind: level} if kind in asdict(Damage()) else {}
        harmed = Damage(seed=seed, **harm).of(session.plan, place.state)
        session.return_to(replace(place, state=harmed))
        if not harm:
            session.present(show(noisy(kind, level, images, seed)))
        session.proceed(freeze=0)
        found = session.score(0, len(labels))
        assert found
        return found.accuracy, found.unanswered

    return test


def learnt_as(network: Network, state: Path, options: Options) -> bool:
    """Whether a saved network is this one, after as many images."""
    found = saved(state)
    period = next(one.period for one in network.inputs if isinstance(one, ImageInput))
    taught = options.train or len(datasets.load("mnist", options.data_dir).train_labels)
    described = with_learnt(network, learnt_of(found.plan.description))
    return found.plan.description == described and found.step == taught * period


def tested_images(options: Options, network: Network) -> tuple[np.ndarray, np.ndarray]:
    """The first test images of a network's data set, as it sees them, and their labels."""
    image = next((one for one in network.inputs if isinstance(one, ImageInput)), None)
    if image is None:
        raise ConfigError("the network has no image input, expected one")
    data = datasets.load(image.source, options.data_dir)
    part = slice(options.test)
    return data.intensities[1][part], data.test_labels[part].astype(np.int64)


# ----------------------------------------------------------------------- rival


def taught(options: Options, seed: int, state: Path) -> Test:
    """A test of ridge regression that has learnt."""
    data = datasets.load("mnist", options.data_dir)
    part, tested = slice(options.train), slice(options.test)
    images, labels = data.intensities[1][tested], data.test_labels[tested]
    settings = read_options("ridge", {"features": options.features})
    rival = make_rival("ridge", images.shape[1], 10, settings, np.random.default_rng([seed, 0x5EED]))
    assert isinstance(rival, Ridge)
    rival.lesson(data.intensities[0][part], data.train_labels[part].astype(np.int64), lambda fresh: None)
    hidden, (output, bias) = rival.features.weights, rival.solve()

    def test(kind: str, level: float) -> Pair:
        # Weights of both layers, and the units between them.
        rival.features.weights = harmed(hidden, kind, level, seed, 0)
        rival.readout = harmed(output, kind, level, seed, 1), bias
        answers = rival.answers(noisy(kind, level, images, seed))
        return float((answers == labels).mean()), 0.0

    return test


def harmed(weights: np.ndarray, kind: str, level: float, seed: int, layer: int) -> np.ndarray:
    """Weights of a layer of the rival, float of shape (sources, targets), damaged as those of a network are."""
    found = weights.copy()
    if kind == "dead_synapses":
        found.reshape(-1)[dead(seed, layer, 0, Draw.DEAD_SYNAPSES, weights.size, level)] = 0
    elif kind == "dead_neurons" and layer:
        found[dead(seed, layer, 0, Draw.DEAD_NEURONS, len(weights), level)] = 0
    elif kind == "weight_noise":
        drawn = normal(key_of(seed, layer, 0, Draw.WEIGHT_NOISE), np.arange(weights.size))
        drawn = drawn.reshape(weights.shape).astype(weights.dtype)
        found += drawn * (level * float(weights.std()) / (1 << NORMAL_Q))
    return found


# --------------------------------------------------------------------- results


def table(record: Mapping[str, Any], kind: str) -> str:
    """Accuracy at every level of a kind of damage, a column for each network."""
    heading, form, _ = HEADINGS[kind]
    head = [heading, *(f"{part['name']} (% ± s.d.)" for part in record["networks"])]
    rows = [
        [form.format(level), *(spread_of(part["results"][kind][i]["accuracy"]) for part in record["networks"])]
        for i, level in enumerate(row["level"] for row in record["networks"][0]["results"][kind])
    ]
    return markdown_table(head, rows)


def losses(record: Mapping[str, Any]) -> str:
    """What each kind of damage costs at one level, in points, and who gives no answer."""
    chosen = {"dead_synapses": 0.3, "dead_neurons": 0.3, "weight_noise": 0.5, "salt_and_pepper": 0.1,
              "noisy_pixels": 32.0}  # fmt: skip
    head = ["damage", *(f"{part['name']} (points ± s.d.)" for part in record["networks"])]
    rows = []
    for kind, level in chosen.items():
        heading, form, _ = HEADINGS[kind]
        cells = []
        for part in record["networks"]:
            found = {row["level"]: row["accuracy"] for row in part["results"][kind]}
            lost = [100 * (a - b) for a, b in zip(found[level], found[0.0], strict=True)]
            spread = f" ± {statistics.stdev(lost):.1f}" if len(lost) > 1 else ""
            cells.append(f"{statistics.fmean(lost):+.1f}{spread}")
        rows.append([f"{heading}: {form.format(level)}", *cells])
    return markdown_table(head, rows)


def stored() -> dict[str, Callable[[], str]]:
    """The tables of the stored results, by their names in pages."""

    def record() -> dict[str, Any]:
        return read_record(Options.results / "robustness.json")

    tables = {f"robustness.{kind}": lambda kind=kind: table(record(), kind) for kind in LEVELS}
    return tables | {"robustness.losses": lambda: losses(record())}


def as_markdown(record: Mapping[str, Any]) -> str:
    """All tables."""
    v, seeds = record["versions"], record["networks"][0]["seeds"]
    parts = [
        "# Robustness",
        f"`{record['command']}`. Accuracy in %, mean ± standard deviation over {len(seeds)} seeds.",
        *(table(record, kind) for kind in LEVELS),
        losses(record),
        f"colanet {v['colanet']}, numba {v['numba']}, {v['cores']} cores of {v['processor']}.",
    ]
    return "\n\n".join(parts) + "\n"


def picture(record: Mapping[str, Any]) -> Any:
    """A panel for each kind of damage, a curve for each network."""
    panels = {}
    for kind in LEVELS:
        curves = {
            part["name"]: np.array([row["accuracy"] for row in part["results"][kind]]).T
            for part in record["networks"]
        }
        panels[HEADINGS[kind][2]] = (LEVELS[kind], curves)
    return level_curves(panels)


if __name__ == "__main__":
    run_safely(main, "python -m experiments.robustness")
