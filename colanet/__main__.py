"""`python -m colanet`: the command `colanet`."""

from colanet.cli import main

main()
