"""The pages on the Python interface: which modules are public. Their text is that of the docstrings."""

from __future__ import annotations

PARTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "sessions": ("Sessions and results", ("colanet.session", "colanet.checkpoints", "colanet.errors")),
    "configurations": (
        "Configurations",
        ("colanet.config", "colanet.config.model", "colanet.config.inputs", "colanet.config.values"),
    ),
    "estimator": ("Estimator", ("colanet.estimator.classifier",)),
    "data": ("Data sets, encoding, plug-in inputs", ("colanet.datasets", "colanet.encoding.plugins")),
    "readouts": ("Observers and readouts", ("colanet.observers", "colanet.readout")),
    "engines": ("Plans, connections, engines", ("colanet.connections", "colanet.plan", "colanet.engine.base")),
    "exports": ("Exports", ("colanet.export",)),
    "experiments": ("Experiments and searches", ("colanet.continual.study", "colanet.search.study")),
    "pictures": ("Pictures and reports", ("colanet.viz", "colanet.report.whole")),
}
"""Name of a page: its title and its modules."""

HEAD = """# Python interface

After reading these pages you know the public classes and functions, from their docstrings.
[Python](python.md) shows them at work.

| page | modules |
| --- | --- |
"""


def pages() -> dict[str, str]:
    """File name and text of each page; the first is the index."""
    rows = "".join(
        f"| [{title}](api_{name}.rst) | {', '.join(f'`{module}`' for module in modules)} |\n"
        for name, (title, modules) in PARTS.items()
    )
    listed = "\n".join(f"api_{name}" for name in PARTS)
    made = {"api.md": f"{HEAD}{rows}\n```{{toctree}}\n:hidden:\n\n{listed}\n```\n"}
    return made | {f"api_{name}.rst": _page(*part) for name, part in PARTS.items()}


def _page(title: str, modules: tuple[str, ...]) -> str:
    head = f"{title}\n{'=' * len(title)}\n"
    parts = [f"{one}\n{'-' * len(one)}\n\n.. automodule:: {one}\n   :members:\n{_own(one)}" for one in modules]
    return "\n".join([head, *parts])


def _own(module: str) -> str:
    """Names that a module has from another one on these pages are described there."""
    return "   :ignore-module-all:\n" if module == "colanet.config.model" else ""
