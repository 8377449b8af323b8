"""`python make_tiny_models.py FOLDER` makes both tiny models and prints each worker's flags as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[4] / "gpu-node" / "engines" / "python"))

from tiny_f5 import make_tiny_f5  # after the path is set
from tiny_whisper import make_tiny_whisper

folder = Path(sys.argv[1])
print(json.dumps({"stt": ["--model", str(make_tiny_whisper(folder / "whisper"))], "tts": make_tiny_f5(folder / "f5")}))
