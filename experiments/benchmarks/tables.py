"""The tables of docs/performance.md, made from the stored results; `experiments.tables` writes them there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from colanet.continual.tables import NOTHING, markdown_table, read_record
from experiments.benchmarks import peers, scale_tables
from experiments.benchmarks.columns import FORMS, STATIC
from experiments.benchmarks.scale_tables import MIB
from experiments.benchmarks.timing import RESULTS, Result
from experiments.benchmarks.watching import PAGES


def recurrent(found: Result) -> str:
    """One network in several simulators."""
    ours = found["rows"][0]["step_microseconds"]
    head = ["simulator", "time (us a step)", "time / colanet's", "lowest time (us a step)",
            "synaptic events a second", "memory (MiB)", "set-up (s)", "compilation (s)", "spikes",
            "spikes that colanet has too", "first step that differs"]  # fmt: skip
    rows = [
        [row["simulator"], f"{row['step_microseconds']:.0f}", f"{row['step_microseconds'] / ours:.2f}",
         f"{row['lowest_microseconds']:.0f}", f"{row['events_a_second']:.2g}", f"{row['bytes'] / MIB:.0f}",
         f"{row['setup_seconds']:.1f}", f"{row['compile_seconds']:.0f}", row["agreement"]["spikes"],
         row["agreement"]["in_both"], _or_nothing(row["agreement"]["first_difference"])]
        for row in found["rows"]
    ]  # fmt: skip
    return markdown_table(head, rows)


def columns(form: str, found: Result) -> str:
    """One form of the column network in several simulators."""
    rows = [row for row in found["rows"] if row["form"] == form]
    ours = rows[0]["image_microseconds"]
    head = ["simulator", "time (us an image)", "time / colanet's", "synaptic events a second", "memory (MiB)",
            "set-up (s)", "compilation (s)", "spikes", "spikes that colanet has too",
            "first step that differs"]  # fmt: skip
    learns = form != STATIC
    cells = [
        [row["simulator"], f"{row['image_microseconds']:.3g}", f"{row['image_microseconds'] / ours:.3g}",
         f"{row['events_a_second']:.2g}", f"{row['bytes'] / MIB:.0f}", f"{row['setup_seconds']:.1f}",
         f"{row['compile_seconds']:.0f}", row["agreement"]["spikes"], row["agreement"]["in_both"],
         _or_nothing(row["agreement"]["first_difference"]), *(() if learns else (f"{100 * row['accuracy']:.1f}",))]
        for row in rows
    ]  # fmt: skip
    return markdown_table(head if learns else [*head, "right answers (%)"], cells)


def once(found: Result) -> str:
    """MNIST once."""
    ours = found["rows"][0]["run_seconds"]
    head = ["method", "CPU time (s)", "time / that of `mnist.nnc`", "memory (MiB)", "right answers (%)"]
    rows = [
        [row["method"], f"{row['run_seconds']:.3g}", f"{row['run_seconds'] / ours:.2g}",
         f"{row['bytes'] / MIB:.0f}", f"{100 * row['accuracy']:.1f}" + _spread(row)]
        for row in found["rows"]
    ]  # fmt: skip
    return markdown_table(head, rows)


def _spread(row: Result) -> str:
    return "" if row["spread"] is None else f" ± {100 * row['spread']:.1f}"


def dense(found: Result) -> str:
    """A fixed and a plastic projection."""
    head = ["projection", "time (us an image)", "spikes", "synaptic events"]
    rows = [[r["projection"], f"{r['image_microseconds']:.1f}", r["spikes"], r["events"]] for r in found["rows"]]
    return markdown_table(head, rows)


def speed(found: Result) -> str:
    """Two checkouts."""
    head = ["what", "unit", "before", "now", "before / now"]
    rows = [[r["what"], r["unit"], *(f"{r[key]:.3g}" for key in ("base", "this")), f"{r['ratio']:.2f}"]
            for r in found["rows"]]  # fmt: skip
    return markdown_table(head, rows)


def microcontroller(found: Result) -> str:
    """Networks in C on emulated processors."""
    head = ["network", "learning", "processor", "flash (bytes)", "RAM (bytes)", "instructions an image"]
    rows = [
        [r["network"], "yes" if r["learn"] else "no", r["board"], f"{r['flash']:,}", f"{r['state']:,}",
         f"{r['instructions']:,}"]
        for r in found["rows"]
    ]  # fmt: skip
    return markdown_table(head, rows)


def watch(found: Result) -> str:
    """A run with and without its page."""
    head = ["run", "CPU time (s)", "CPU time / without", "snapshots"]
    rows = [
        [PAGES[r["page"]], f"{r['cpu_seconds']:.2f}", f"{r['cpu_ratio']:.3f}", f"{r['snapshots']:.0f}"]
        for r in found["rows"]
    ]
    return markdown_table(head, rows)


def unit(found: Result) -> str:
    """What a trial costs."""
    u = found["unit"]
    head = ["quantity", "unit", "figure"]
    return markdown_table(head, [
        ["time of a trial", "CPU s", f"{u['cpu_seconds']:.2f}"],
        ["start of a worker", "CPU s", f"{u['start_seconds']:.1f}"],
        ["memory of a worker", "MiB", f"{u['memory_bytes'] / MIB:.0f}"],
        ["disk of a trial", "bytes", f"{u['disk_bytes']:.0f}"],
    ])  # fmt: skip


def asked(found: Result) -> str:
    """What asking for a trial costs after many of them."""
    head = ["sampler", "trials before", "asking (CPU ms a trial)", "looking through them (CPU ms)"]
    rows = []
    for r in found["asked"]:
        times = [r.get("ask_seconds"), r.get("look_seconds")]
        row = [f"`{r['sampler']}`", r["trials"]]
        rows.append([*row, *(NOTHING if t is None else f"{1000 * t:.1f}" for t in times)])
    return markdown_table(head, rows)


def plan(found: Result) -> str:
    """Core hours, time, memory and disk of very many trials."""
    head = ["workers", "trials a generation", "core hours", "evaluating (h)", "asking (h)", "together (h)",
            "memory of all workers (GiB)", "disk (MiB)"]  # fmt: skip
    rows = [
        [r["workers"], r["generation"], f"{r['core_hours']:.1f}", f"{r['evaluating_hours']:.3g}",
         f"{r['asking_hours']:.2g}", f"{r['evaluating_hours'] + r['asking_hours']:.3g}",
         f"{r['memory_bytes'] / 2**30:.1f}", f"{r['disk_bytes'] / MIB:.0f}"]
        for r in found["plan"]
    ]  # fmt: skip
    return markdown_table(head, rows)


def tools(found: Result) -> str:
    """What compiled and ran them."""
    rows = [[f"`{name}`", number] for name, number in found["tools"].items()]
    return markdown_table(["program", "version"], rows)


TABLES: dict[str, tuple[tuple[str, Callable[[Result], str]], ...]] = {
    "recurrent": (("", recurrent),),
    "columns": tuple((f".{form}", partial(columns, form)) for form in FORMS),
    "once": (("", once),),
    "dense": (("", dense),),
    "scale": scale_tables.TABLES,
    "trials": ((".unit", unit), (".asked", asked), (".plan", plan)),
    "speed": (("", speed),),
    "watch": (("", watch),),
    "microcontroller": ((".tools", tools), ("", microcontroller)),
}
"""For every result: the tables that it makes, by the end of their names."""


def stored() -> dict[str, Callable[[], str]]:
    """Every table by its name; one whose result is not stored raises DataError when it is made."""
    found: dict[str, Callable[[], str]] = {"benchmarks.peers": peers.table, "benchmarks.peers.short": peers.short}
    for name, made in TABLES.items():
        for end, make in ((".measured", measured), *made):
            found[f"benchmarks.{name}{end}"] = partial(_made, name, make)
    return found


def measured(found: Result) -> str:
    """Command, versions and processor."""
    told = dict(found["versions"])
    processor, cores = told.pop("processor"), told.pop("cores")
    return "\n".join([
        f"`{found['command']}`, on one thread of {cores} cores ({processor}).",
        f"Versions: {', '.join(f'{name} {number}' for name, number in told.items())}.",
    ])  # fmt: skip


def report(name: str, found: Result) -> str:
    """All tables of a result, for people."""
    parts: Sequence[str] = [measured(found), *found.get("missing", []), *(make(found) for _, make in TABLES[name])]
    return "\n\n".join(parts)


def _made(name: str, make: Callable[[Result], str]) -> str:
    return make(read_record(RESULTS / f"{name}.json"))


def _or_nothing(value: Any) -> Any:
    return NOTHING if value is None else value
