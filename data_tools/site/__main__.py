from colanet.programs import run_safely
from data_tools.site.build import main

run_safely(main, "python -m data_tools.site")
