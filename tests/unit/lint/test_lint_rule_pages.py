"""docs/rules/ says what the rules say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "rule-docs"


def test_the_pages_of_the_rules_are_up_to_date() -> None:
    """Run `scripts/rule-docs` after changing the documentation of a rule."""
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
