"""`python -m colanet.associative`, the same as `colanet memory`."""

import sys

from colanet.cli import main

main(["memory", *sys.argv[1:]])
