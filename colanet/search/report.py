"""What a search leaves behind: `best.yaml`, `trials.csv`, `report.md` and, with matplotlib, `search.png`."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import yaml

from colanet.atomic import write_text
from colanet.config.model import Network
from colanet.config.overrides import current
from colanet.continual.tables import markdown_table
from colanet.errors import DataError
from colanet.search.loop import best, outcome
from colanet.search.quiet import quiet_optuna
from colanet.search.study import Study
from colanet.version import __version__

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

TOP = 10
NO_DATA: Mapping[str, str] = MappingProxyType({})


def write(
    folder: Path,
    study: Study,
    network: Network,
    trials: Sequence[FrozenTrial],
    command: str,
    data: Mapping[str, str] = NO_DATA,
) -> list[Path]:
    """Write the tables and the report; returns the files.

    Parameters
    ----------
    data : dict of str to str
        Digests of the data sets that trials were judged by, by name.

    Raises
    ------
    DataError
        If all trials failed, with what the first one said.
    OutputError
        If a file cannot be written.
    """
    top = best(trials)
    if top is None:
        reason = outcome(trials[0]).get("problem", "no reason") if trials else "no trial"
        raise DataError(f"none of the {len(trials)} trials could be evaluated; the first: {reason}")
    texts = {
        "best.yaml": best_yaml(study, trials, data),
        "trials.csv": trials_csv(study, trials),
        "report.md": report(study, network, trials, command),
    }
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts] + _picture(folder / "search.png", study, trials)


def _picture(path: Path, study: Study, trials: Sequence[FrozenTrial]) -> list[Path]:
    try:
        from colanet.search import pictures
    except ImportError:
        return []
    pictures.draw(path, study, trials)
    return [path]


def means(trial: FrozenTrial) -> dict[str, float]:
    """Metric to its mean over the seeds."""
    rows = outcome(trial).get("metrics", [])
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]} if rows else {}


def best_yaml(study: Study, trials: Sequence[FrozenTrial], data: Mapping[str, str] = NO_DATA) -> str:
    """The best trial with where it comes from; the same text however the search was run."""
    import optuna

    top = best(trials)
    assert top is not None
    content = {
        "search": study.name,
        "trial": top.number,
        "value": top.value,
        "objective": study.objective,
        "metrics": means(top),
        "metrics_by_seed": [
            {"seed": seed, **row} for seed, row in zip(study.seeds, outcome(top)["metrics"], strict=True)
        ],
        "set": {name: _number(text) for name, text in outcome(top)["settings"].items()},
        "provenance": {
            "colanet": __version__,
            "optuna": optuna.__version__,
            "sampler": study.sampler.model_dump(),
            "seed": study.seed,
            "trials": len(trials),
            "data": dict(data),
        },
    }
    head = "# The best trial of a parameter search; `set` goes into an experiment, or value by value into --set.\n"
    return head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)


def _number(text: str) -> int | float | str:
    """A setting as a number where it is one."""
    if re.fullmatch(r"[+-]?[0-9]+", text):
        return int(text)
    try:
        return float(text)
    except ValueError:
        return text


def trials_csv(study: Study, trials: Sequence[FrozenTrial]) -> str:
    """One row a trial: values, metrics of every seed, wall time, and why it failed."""
    metrics = list(next((means(trial) for trial in trials if means(trial)), {}))
    by_seed = [f"{name} (seed {seed})" for name in metrics for seed in study.seeds]
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    head = ["trial", "generation", "state", "value", *study.parameters, *metrics, *by_seed]
    rows.writerow([*head, "seconds", "same_as", "problem"])
    for trial in trials:
        notes, mean = outcome(trial), means(trial)
        scores = [row[name] for name in metrics for row in notes["metrics"]] if mean else [""] * len(by_seed)
        row = [trial.number, trial.number // study.generation, trial.state.name.lower(), _blank(trial.value)]
        row += [trial.params[name] for name in study.parameters]
        row += [*(mean.get(name, "") for name in metrics), *scores]
        rows.writerow([*row, notes.get("seconds"), _blank(notes.get("same_as")), notes.get("problem", "")])
    return file.getvalue()


def _blank(value: Any) -> Any:
    return "" if value is None else value


def report(study: Study, network: Network, trials: Sequence[FrozenTrial], command: str) -> str:
    """The report in Markdown."""
    top = best(trials)
    assert top is not None
    failed = sum(trial.value is None for trial in trials)
    seconds = sum(outcome(trial).get("seconds") or 0.0 for trial in trials)
    lines = [
        f"# Search {study.name}",
        "",
        f"{len(trials)} trials in {len(trials) // study.generation} generations of {study.generation}, "
        f"{failed} failed, {seconds:.0f} s of evaluation; sampler {study.sampler.kind}, seed {study.seed}. "
        f"Objective: {study.goal()}, mean over the seeds {', '.join(map(str, study.seeds))}, "
        "on training images that were not trained on.",
        "",
        f"    {command}",
        "",
        f"## Best: trial {top.number}, objective {top.value:.5f}",
        "",
        _parameters(study, network, trials),
        "",
        f"## The best {min(TOP, len(trials) - failed)}",
        "",
        _ranking(study, trials),
    ]
    return "\n".join(lines) + "\n"


def _parameters(study: Study, network: Network, trials: Sequence[FrozenTrial]) -> str:
    top, weights = best(trials), importances(trials)
    assert top is not None
    rows = []
    for name, text in outcome(top)["settings"].items():
        spec, old = study.parameters.get(name), current(network, name)
        old = f"{old:.6g}" if isinstance(old, float) else str(old)
        share = f"{weights[name]:.2f}" if name in weights else ""
        rows.append([f"`{name}`", text, old, str(spec) if spec else "follows", share])
    return markdown_table(["parameter", "best", "experiment's", "range", "importance"], rows)


def _ranking(study: Study, trials: Sequence[FrozenTrial]) -> str:
    done = sorted((t for t in trials if t.value is not None), key=lambda t: (-(t.value or 0.0), t.number))[:TOP]
    names, metrics = list(study.parameters), list(means(done[0]))
    short = [name.rpartition(".")[2] if not name.startswith("projection") else name[11:] for name in names]
    rows = []
    for trial in done:
        mean, changes = means(trial), outcome(trial)["settings"]
        scores = [f"{mean[name]:.4f}" for name in metrics]
        rows.append([trial.number, f"{trial.value:.5f}", *scores, *(changes[name] for name in names)])
    return markdown_table(["trial", "objective", *metrics, *short], rows)


def importances(trials: Sequence[FrozenTrial]) -> dict[str, float]:
    """Share of each parameter in what separates good trials from the others (PED-ANOVA); empty if undefined."""
    with quiet_optuna() as optuna:
        memory = optuna.create_study(direction="maximize")
        for trial in trials:
            if trial.value is not None:
                memory.add_trial(trial)
        try:
            evaluator = optuna.importance.PedAnovaImportanceEvaluator()
            found: dict[str, float] = optuna.importance.get_param_importances(memory, evaluator=evaluator)
            return found
        except (ValueError, RuntimeError, ZeroDivisionError):
            return {}
