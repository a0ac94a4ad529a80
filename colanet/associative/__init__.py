"""Associative memories, from Hopfield's network to dead neurons. See docs/associative.md."""

from colanet.associative.altered import Altered, symmetrizer
from colanet.associative.boltzmann import Boltzmann, cooling
from colanet.associative.dead import OneGroup, dead_neurons, flat_directions, recover, stability
from colanet.associative.hopfield import Hopfield, hebbian, pseudo_inverse
from colanet.associative.krotov import TwoGroups, model_a, model_b, model_c
from colanet.associative.models import DenseMemory, ModernMemory, SphericalMemory

__all__ = [
    "Altered",
    "Boltzmann",
    "DenseMemory",
    "Hopfield",
    "ModernMemory",
    "OneGroup",
    "SphericalMemory",
    "TwoGroups",
    "cooling",
    "dead_neurons",
    "flat_directions",
    "hebbian",
    "model_a",
    "model_b",
    "model_c",
    "pseudo_inverse",
    "recover",
    "stability",
    "symmetrizer",
]
