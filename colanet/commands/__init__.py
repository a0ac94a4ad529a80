"""What the subcommands of `colanet` do."""
