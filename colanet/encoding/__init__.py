"""From data to spikes: every input of a configuration as a source that can make any stretch of its spikes."""

from colanet.encoding.build import Presentation, build_sources
from colanet.engine.base import SpikeSource

__all__ = ["Presentation", "SpikeSource", "build_sources"]
