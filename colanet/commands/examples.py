"""Calls that the help of a command ends with. They are those of a user in the folder of a clone."""

from __future__ import annotations

import click

EXAMPLES: dict[str, tuple[str, ...]] = {
    "run": (
        "colanet run configs/mnist.nnc",
        "colanet run configs/mnist.nnc --copies 1 --train 2000 --test 500 --fields fields.png",
        "colanet run configs/mnist.yaml --set population.L.noise_amplitude=2 --save trained.h5",
        "colanet run configs/mnist.nnc --out out --checkpoint 100000 --resume",
    ),
    "train": ("colanet train leaves.csv --label kind", "colanet train photos/ --passes 3"),
    "predict": ("colanet predict leaves.state.h5 new_leaves.csv --out answers.csv",),
    "continual": (
        "colanet continual experiments/letters.yaml",
        "colanet continual experiments/letters.yaml --seeds 0 --train 200 --test 100",
        "colanet continual experiments/permuted_mnist.yaml --out results/permuted --resume",
    ),
    "picture": ("colanet picture fields trained.h5 --out fields.png",),
    "picture fields": (
        "colanet picture fields trained.h5 --out fields.png",
        "colanet picture fields results/letters/parameters_of_MNIST_seed0.h5 --out letters.png",
    ),
    "picture raster": (
        "colanet picture raster configs/mnist.nnc --load trained.h5 --image 60000 --out raster.png",
    ),
    "picture network": ("colanet picture network configs/mnist.nnc --out network.svg",),
    "picture core": ("colanet picture core core --out core.png",),
    "report": (
        "colanet report out/results.h5 --load trained.h5 --out report.html",
        "colanet report out/results.h5 other/results.h5 --out compared.html",
    ),
    "plan": ("colanet plan configs/mnist.nnc",),
    "export": (
        "colanet export trained.h5 --format arrays --out arrays",
        "colanet export trained.h5 --format c --learn --out chip --option images=50",
        "colanet export trained.h5 --format verilog --out core",
    ),
    "quantise": (
        "colanet quantise configs/mnist.yaml --train 2000 --test 500",
        "colanet quantise configs/mnist.yaml --weights 8,4 --resources 12 --validation 10000",
    ),
    "damage": ("colanet damage trained.h5 --dead-synapses 0.2 --seed 0 --out damaged.h5",),
    "bench": ("colanet bench configs/mnist.nnc", "colanet bench configs/mnist.nnc --profile"),
    "search": (
        "colanet search experiments/search/mnist_15.yaml --workers 2 --best tuned.yaml",
        "colanet search experiments/search/mnist_15.yaml --workers 2 --resume",
    ),
    "validate": ("colanet validate my.nnc",),
    "convert": ("colanet convert my.nnc my.yaml",),
    "doctor": ("colanet doctor",),
    "memory": ("colanet memory retrieve --noise 0.4 --out strip.png",),
    "memory retrieve": ("colanet memory retrieve --weights trained.h5 --ink 0.19 --noise 0.4 --out strip.png",),
    "memory capacity": ("colanet memory capacity --sizes 250,500 --out capacity.png",),
    "memory energy": ("colanet memory energy --show landscape --out landscape.png",),
}
"""By the words after `colanet`."""


def with_examples(name: str, command: click.Command) -> click.Command:
    """The command, and those below it, with examples at the end of their help."""
    if name in EXAMPLES:
        command.epilog = "\b\n" + "\n".join(["Examples:", *(f"  {line}" for line in EXAMPLES[name])])
    if isinstance(command, click.Group):
        for below, one in command.commands.items():
            with_examples(f"{name} {below}", one)
    return command
