from colanet.programs import run_safely
from data_tools.cli import main

run_safely(main, "python -m data_tools")
