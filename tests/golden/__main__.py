"""Renew the stored digests, which takes the EMNIST letters too."""

import json
import tempfile
from pathlib import Path

from colanet.engine.reference import ReferenceEngine
from tests import golden

with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    found = {name: golden.digest_of(name, folder) for name in golden.NAMES}
    short = {name: golden.short_digest(name, folder, ReferenceEngine) for name in golden.NAMES}
golden.STORED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
golden.STORED_SHORT.write_text(json.dumps(short, indent=1) + "\n", encoding="utf-8")
