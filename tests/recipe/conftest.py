"""Recipe tests read the headers through the config's reader and run a WIP by the kernel's."""

import sys
from pathlib import Path

for room in ("kernel", "config"):
    sys.path.insert(0, str(Path(__file__).parents[1] / room))
