from colanet.cli import main

main()
