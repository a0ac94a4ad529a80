"""`colanet damage`: dead synapses, dead neurons and noisy weights in a saved network."""

from __future__ import annotations

from pathlib import Path

import click

from colanet.damage import Damage, damage_file
from colanet.units import LARGEST_SEED


@click.command()
@click.argument("state", type=click.Path(path_type=Path))
@click.option("--weight-noise", type=float, default=0.0, show_default=True, metavar="X",
              help="Standard deviation of Gaussian noise on weights, in those of the weights.")  # fmt: skip
@click.option("--dead-synapses", type=float, default=0.0, show_default=True, metavar="SHARE",
              help="Plastic synapses that get weight 0.")  # fmt: skip
@click.option("--dead-neurons", type=float, default=0.0, show_default=True, metavar="SHARE",
              help="Neurons, of populations that learn, that never fire.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, LARGEST_SEED), default=0, show_default=True,
              help="Of what is damaged.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE.h5",
              help="The damaged network, for colanet run --load.")  # fmt: skip
def damage(
    state: Path, weight_noise: float, dead_synapses: float, dead_neurons: float, seed: int, out: Path
) -> None:
    """Damage the network of STATE, which colanet run --save wrote, and write it to another file."""
    for line in damage_file(state, out, Damage(weight_noise, dead_synapses, dead_neurons, seed)):
        click.echo(line)
