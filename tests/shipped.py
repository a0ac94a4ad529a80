"""The shipped configurations, and what makes a short run of each; a new one is found by its file."""

from __future__ import annotations

from pathlib import Path

from colanet.config.model import Network
from colanet.datasets.patterns import generate

ROOT = Path(__file__).parents[1]
CONFIGS = ROOT / "configs"
NAMES = sorted(path.stem for path in CONFIGS.glob("*.yaml"))
PICTURES = "patterns.bin"
"""What `python -m data_tools patterns` makes, which a configuration may show."""


def shows_pictures(network: Network) -> bool:
    """Whether a network shows made-up pictures from a file beside it."""
    return any(getattr(source, "source", None) == PICTURES for source in network.inputs)


def base_of(network: Network, folder: Path, pictures: int) -> Path:
    """Folder of a network's files: the configurations', or one with so many made-up pictures."""
    if not shows_pictures(network):
        return CONFIGS
    (folder / PICTURES).write_bytes(generate(pictures, 0)[0].tobytes())
    return folder
