"""The tests; a package of their own, before what libraries install under this name."""
