"""Tests of the patches run only where the patches are, see `tests.extending.test_patches`."""

from __future__ import annotations

import colanet.config.model

collect_ignore = [] if "refractory_period" in colanet.config.model.Population.model_fields else ["patched"]
