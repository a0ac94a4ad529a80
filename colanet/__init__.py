"""colanet: an open, bit-exact simulator for spiking column networks."""

__version__ = "0.1.0"
