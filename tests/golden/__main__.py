"""Renew the stored digests, which takes the EMNIST letters too."""

import json
import tempfile
from pathlib import Path

from tests import golden

with tempfile.TemporaryDirectory() as folder:
    found = {name: golden.digest_of(name, ".yaml", Path(folder)) for name in golden.NAMES}
golden.STORED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
