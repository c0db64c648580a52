"""The recipe's tests read press.h through the same reader as the config's."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "config"))
