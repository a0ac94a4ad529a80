"""`python -m colanet.associative`, the same as `colanet memory`."""

from colanet.associative.commands import memory
from colanet.programs import run_safely

run_safely(memory, "colanet memory")
