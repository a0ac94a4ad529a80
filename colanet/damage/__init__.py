"""Damaged networks and noisy images: dead synapses, dead neurons, noise on weights, noise on pixels.

What is damaged follows from seed, object, copy and index alone (docs/model.md, section 16). Levels nest: what is
dead at 10 % is dead at 20 % too. A damaged state is a state like any other. Engines take its weights from its
resources, so a frozen network keeps the damage; plasticity would move dead synapses again.
"""

from colanet.damage.files import damage_file
from colanet.damage.images import noisy_pixels, salt_and_pepper
from colanet.damage.networks import Damage, dead_neurons, dead_synapses, noisy_weights

__all__ = [
    "Damage",
    "damage_file",
    "dead_neurons",
    "dead_synapses",
    "noisy_pixels",
    "noisy_weights",
    "salt_and_pepper",
]
