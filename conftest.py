"""Keep compiled Python between runs, of pytest and of the programs that tests start."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Where PYTHONDONTWRITEBYTECODE is set, as in many containers, each process would compile all it
# imports: half of what a short command costs, and two seconds for each process of pytest.
COMPILED = Path(__file__).parent / ".pytest_cache" / "compiled"

if sys.dont_write_bytecode:
    sys.dont_write_bytecode = False
    sys.pycache_prefix = f"{COMPILED}"
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
