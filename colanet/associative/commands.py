"""`colanet memory`: retrieval, capacity and energy of associative memories, with pictures."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np

from colanet.associative import bridge, capacity, krotov, pictures
from colanet.associative.bridge import Memories
from colanet.associative.checks import Array
from colanet.associative.errors import IllPosed, ParameterError, ShapeError
from colanet.associative.lagrangians import Exponential, Polynomial, RectifiedPolynomial
from colanet.associative.retrieval import Trajectory
from colanet.atomic import final_place
from colanet.errors import DataError

FORMATS = (".png", ".svg", ".pdf")
SMALLEST_TAU = 1e-4
STIFF = 0.05
"""Below this time constant of the hidden neurons an implicit solver is faster."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def memory() -> None:
    """Associative memories: retrieval, capacity, energy."""


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that every command has."""
    for option in (
        click.option("--quiet", is_flag=True, help="Print nothing but the result."),
        click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True),
        click.option("--out", type=click.Path(path_type=Path, dir_okay=False), callback=_picture_file,
                     help="Draw the picture into this file (.png, .svg, .pdf)."),
    ):  # fmt: skip
        command = option(command)
    return command


def _picture_file(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    if path is None:
        return None
    if path.suffix not in FORMATS:
        raise ParameterError(f"--out {path}: expected a name that ends in {', '.join(FORMATS)}")
    # Said before the work, not after it; what can still go wrong then is said by `_finish`.
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise DataError(f"--out {path}: cannot be written, {folder} is not a writable folder")
    final_place(path)
    return path


def _finish(lines: list[str], figure: Callable[[], Any], out: Path | None, quiet: bool) -> None:
    """Write the picture if one was asked for, then print: nothing is printed of what fails."""
    if out is not None:
        from colanet.associative import figures

        figures.save(figure(), out)
    click.echo("\n".join(lines))
    if out is not None and not quiet:
        click.echo(f"wrote {out}", err=True)


@memory.command()
@click.option("--dataset", default="mnist", show_default=True, help="Pictures, a data set of `colanet run`.")
@click.option("--data", type=click.Path(path_type=Path), help="Where to look for data sets first.")
@click.option("--weights", type=click.Path(path_type=Path), metavar="FILE",
              help="Memories from receptive fields: a saved state or checkpoint of a network, or an .npz with "
                   "arrays `weights` (pixels, neurons) and `columns` (neurons,)."
                   "  [default: k-means prototypes of the data set]")  # fmt: skip
@click.option("--copies", type=click.IntRange(1), help="Copies of the saved network to take.  [default: 1]")
@click.option("--ink", type=float, metavar="PART", help="Part of a field's pixels above one half.")
@click.option("--per-class", type=click.IntRange(1), help="k-means prototypes per class.  [default: 5]")
@click.option("--noise", type=float, metavar="LEVEL", help="Part of the pixels replaced by black or white.")
@click.option("--cover", type=float, metavar="LEVEL", help="Part of the picture that is blackened.")
@click.option("--test", type=click.IntRange(1), default=500, show_default=True, help="Test pictures.")
@click.option("--show", type=click.IntRange(1, 20), default=6, show_default=True, help="Pictures in the strip.")
@common
def retrieve(noise: float | None, cover: float | None, **options: Any) -> None:
    """Clean and classify spoiled pictures with every model.

    Recall: spoiled memories that come back. Accuracy: spoiled test pictures that get the right class.
    """
    from colanet import datasets

    if noise is not None and cover is not None:
        raise ParameterError("--noise and --cover: give one of them")
    _check_options(options)
    kind, level = ("cover", cover) if cover is not None else ("noise", 0.3 if noise is None else noise)
    pictures.check_level(kind, level)
    data, seed = datasets.load(options["dataset"], options["data"]), options["seed"]
    images = data.intensities[1][: options["test"]] / 255
    labels = data.test_labels[: options["test"]]
    store = _memories(options, data)
    if store.pictures.shape[1] != images.shape[1]:
        raise ShapeError(f"memories of {store.pictures.shape[1]} pixels, pictures of {images.shape[1]}")
    rows = bridge.compare([store], images, labels, [(kind, level)], seed=seed)
    lines = [f"{len(store.labels)} memories, {len(labels)} test pictures, {kind} {level:g}"]
    lines.append("model           recall  accuracy")
    lines += [f"{row.model:14s} {row.recall:7.3f} {row.accuracy:9.3f}" for row in rows]
    _finish(lines, lambda: _strip(store, images, kind, level, options), options["out"], options["quiet"])


def _check_options(options: dict[str, Any]) -> None:
    """Refuse what would otherwise be ignored."""
    if options["weights"] is None:
        for name in ("ink", "copies"):
            if options[name] is not None:
                raise ParameterError(f"--{name}: only with --weights, whose fields it is about")
    elif options["per_class"] is not None:
        raise ParameterError("--per-class: only without --weights, for k-means prototypes")
    if options["ink"] is not None and not 0 < options["ink"] < 1:
        raise ParameterError(f"--ink {options['ink']:g}: expected a part between 0 and 1")


def _memories(options: dict[str, Any], data: Any) -> Memories:
    if options["weights"] is None:
        images = data.intensities[0][:10000] / 255
        return bridge.prototypes(images, data.train_labels[:10000], options["per_class"] or 5, options["seed"])
    from colanet.associative import fields

    weights, columns = fields.read(options["weights"], options["copies"])
    try:
        return bridge.from_weights(weights, columns, options["ink"])
    except IllPosed as error:
        raise type(error)(f"{options['weights']}: {error}") from error


def _strip(store: Memories, images: Array, kind: str, level: float, options: dict[str, Any]) -> Any:
    from colanet.associative import figures

    # The same call as in `compare`, so that the strip shows the pictures that were counted.
    spoiled = bridge.corrupt(images, kind, level, options["seed"])[: options["show"]]
    columns, titles = [images[: options["show"]], spoiled], ["picture", f"{kind} {level:g}"]
    for name, make in bridge.CLEANERS.items():
        columns.append(make(store).clean(spoiled)[0])
        titles.append(name)
    side = int(np.sqrt(images.shape[1]))
    return figures.strip(columns, titles, (side, images.shape[1] // side))


@memory.command(name="capacity")
@click.option("--sizes", default="250,500,1000", show_default=True, help="Neurons of Hopfield's network.")
@click.option("--orders", default="2,3,4", show_default=True, help="Exponents n of model A, F = h^n.")
@click.option("--bits", type=click.IntRange(1000), default=60000, show_default=True, help="Bits per error rate.")
@click.option("--trials", type=click.IntRange(1), default=8, show_default=True, help="Networks per load.")
@common
def capacity_command(sizes: str, orders: str, bits: int, trials: int, **options: Any) -> None:
    """Patterns that memories of random signs hold, against theory: 0.138 d, and d^(n-1) for model A."""
    loads = np.array([0.04, 0.08, 0.10, 0.12, 0.13, 0.14, 0.15, 0.16, 0.17, 0.18, 0.20, 0.22])
    neurons, exponents = _whole_numbers(sizes, "--sizes", 10), _whole_numbers(orders, "--orders", 2)
    interactions = {n: Polynomial(n) for n in exponents}
    for size in neurons:
        what = f"--sizes {sizes}: Hopfield's network of {size} neurons"
        capacity.need_memory(what, capacity.hopfield_memory(size, loads.max()))
    for n, F in interactions.items():
        largest = int(_model_a_sizes(n)[-1])
        what = f"--orders {n} with {largest} neurons and --bits {bits}"
        capacity.need_memory(what, capacity.measuring_memory(largest, F, bits))
    curves, growths = {}, {}
    lines = [f"Hopfield's network: theory {capacity.mean_field_capacity():.4f} d"]
    for size in neurons:
        curves[size] = capacity.hopfield_curve(size, loads, trials, options["seed"])
        lines.append(_curve_line(size, curves[size]))
    if len(curves) > 2 and trials > 1:
        endless, error = capacity.extrapolate(curves)
        lines.append(f"  endless     half of the patterns lost at {endless:.4f} ± {error:.4f} d, by 1 / sqrt(d)")
    for n, F in interactions.items():
        growths[f"n = {n}"] = found = _growth(n, F, bits, options["seed"])
        lines += _growth_lines(n, found)
    _finish(lines, lambda: _capacity_figure(curves, growths), options["out"], options["quiet"])


def _curve_line(size: int, curve: capacity.LoadCurve) -> str:
    i = int(np.abs(curve.loads - 0.10).argmin())
    theory = capacity.mean_field_overlap(float(curve.loads[i]))
    error = "" if np.isnan(curve.error) else f" ± {curve.error:.4f}"
    return (
        f"  d = {size:5d}   half of the patterns lost at {curve.critical:.4f}{error} d; "
        f"overlap at {curve.loads[i]:.3f} d {curve.overlap[i]:.4f}, theory {theory:.4f}"
    )


Growth = tuple[Array, Array, Array, float]
"""Numbers of neurons, measured and theoretical capacities, exponent."""


def _model_a_sizes(n: int) -> np.ndarray:
    smallest = {2: 100, 3: 40}.get(n, 24)
    return np.round(smallest * np.geomspace(1, 2.25, 4)).astype(int)


def _growth(n: int, F: Polynomial, bits: int, seed: int) -> Growth:
    sizes = _model_a_sizes(n)
    measured = np.array([capacity.measured_capacity(int(d), F, bits, seed) for d in sizes])
    theory = np.array([capacity.theoretical_capacity(int(d), F) for d in sizes])
    return sizes, measured, theory, capacity.growth(sizes, measured)


def _growth_lines(n: int, found: Growth) -> list[str]:
    *columns, slope = found
    lines = [f"model A, F = h^{n}: K grows as d^{slope:.2f}, theory d^{n - 1}"]
    for d, k, expected in zip(*columns, strict=True):
        lines.append(f"  d = {d:5d}   K = {k:8.1f}   theory {expected:8.1f}")
    return lines


def _capacity_figure(curves: dict[int, capacity.LoadCurve], growths: dict[str, Growth]) -> Any:
    from colanet.associative import figures

    return figures.capacities(curves, growths)


def _whole_numbers(text: str, option: str, least: int) -> list[int]:
    try:
        values = [int(part) for part in text.split(",")]
    except ValueError as error:
        raise ParameterError(f"{option} {text}: expected whole numbers with commas between") from error
    if min(values) < least:
        raise ParameterError(f"{option} {text}: expected numbers of at least {least}")
    return values


@memory.command()
@click.option("--show", type=click.Choice(["trajectories", "landscape"]), default="trajectories",
              show_default=True, help="Energy over time, or the flat energy beside the mended one.")  # fmt: skip
@click.option("--tau-h", type=float, help="Time constant of hidden neurons, for trajectories.  [default: 0.2]")
@common
def energy(show: str, tau_h: float | None, out: Path | None, seed: int, quiet: bool) -> None:
    """Energy along trajectories of models A, B and C, or the landscape of two rival neurons."""
    if show == "landscape":
        if tau_h is not None:
            raise ParameterError("--tau-h: only with --show trajectories; the landscape has no hidden neurons")
        _rivals(out, quiet)
        return
    tau_h = 0.2 if tau_h is None else tau_h
    if not (np.isfinite(tau_h) and tau_h >= SMALLEST_TAU):
        raise ParameterError(
            f"--tau-h {tau_h:g}: expected a finite number of at least {SMALLEST_TAU:g}; "
            "`fast hidden` shows the limit of small ones"
        )
    paths, method = {}, "LSODA" if tau_h < STIFF else "RK45"
    lines = ["model              start       end   largest rise"]
    for name, (system, start) in _systems(seed, tau_h).items():
        full = system.integrate(start, 4.0, np.zeros((len(start), system.n_memories)), method=method)
        reduced = system.integrate_reduced(start, 4.0)
        paths[name] = full, reduced
        for label, path in ((name, full), ("  fast hidden", reduced)):
            means = path.energies.mean(1)
            lines.append(f"{label:14s} {means[0]:9.4f} {means[-1]:9.4f}   {path.rise:.1e}")
    _finish(lines, lambda: _energy_figure(paths), out, quiet)


def _systems(seed: int, tau_h: float) -> dict[str, tuple[krotov.TwoGroups, Array]]:
    """Small systems of each kind with states to start from."""
    rng = np.random.default_rng(seed)
    patterns, graded = capacity.random_patterns(4, 16, rng) / 16, rng.normal(size=(4, 16)) / 4
    start = rng.normal(size=(5, 16))
    return {
        "A, F = h^4": (krotov.model_a(4 * patterns, Polynomial(4), tau_h=tau_h), start),
        "A, F = exp": (krotov.model_a(2 * patterns, Exponential(), tau_h=tau_h), start),
        "B": (krotov.model_b(2 * graded, 4.0, tau_h=tau_h), start),
        "C": (krotov.model_c(2 * graded, RectifiedPolynomial(3), tau_h=tau_h), start),
    }


def _energy_figure(paths: dict[str, tuple[Trajectory, Trajectory]]) -> Any:
    from colanet.associative import figures

    return figures.energy_paths(paths)


def _rivals(out: Path | None, quiet: bool) -> None:
    from colanet.associative import dead, figures

    original, altered = figures.rivals()
    state = original.steady_state([2.0, 0.0])
    flat = dead.stability(original, state)
    line = state + np.array([0.0, 1.0]) * np.linspace(-3, -0.1, 30)[:, None]
    bowl = original.L.gradient(state) + np.array([0.0, 1.0]) * np.linspace(-1, 1, 30)[:, None]
    lines = [
        f"steady state        x = {state.round(4)}, y = {original.L.gradient(state).round(4)}",
        f"dead neurons        {dead.dead_neurons(original.L, state).astype(int)}",
        f"stable              {flat.stable}, eigenvalues {flat.eigenvalues.round(4)}, {flat.n_flat} flat",
        f"E(x) along the flat direction varies by {np.ptp(original.energy(line)):.1e}",
        f"E(y) along the same direction varies by {np.ptp(altered.energy(bowl)):.4f}",
    ]
    _finish(lines, figures.landscapes, out, quiet)
