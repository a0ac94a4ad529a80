"""Tests of the patches: they are run in a copy of the package to which the patches have been applied."""
