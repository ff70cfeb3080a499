"""What `jettison lint --fix` does to a folder of Dockerfiles, with every rule there is.

Counts findings that have a fix, and those that are left with one afterwards; and asks BuildKit's parser
whether each file that it read before is still read, and a second run whether it finds nothing more to do.

    .venv/bin/python bench/lint_fixes.py FOLDER [--unsafe]
"""

import sys
from collections import Counter
from pathlib import Path

import dockerfile

from jettison.lint.config import Settings
from jettison.lint.engine import lint, make_context
from jettison.lint.fix import Applicability
from jettison.lint.fixing import fix
from jettison.lint.rules import all_rules
from jettison.lint.source import Source


def parses(text: str) -> bool:
    """Whether BuildKit's parser reads a file."""
    try:
        dockerfile.parse_string(text)
    except dockerfile.GoParseError:
        return False
    return True


def fixable(source: Source, allowed: set[Applicability]) -> int:
    """How many findings have a fix that may be applied."""
    found = lint(make_context(source, Settings()), rules=all_rules()).findings
    return sum(finding.fix is not None and finding.fix.applicability in allowed for finding in found)


def measure(path: Path, *, unsafe: bool) -> Counter[str]:
    """The numbers of one file."""
    allowed = {Applicability.SAFE, Applicability.UNSAFE} if unsafe else {Applicability.SAFE}
    before = Source.of(path.read_bytes())
    outcome = fix(make_context(before, Settings()), all_rules(), unsafe=unsafe)
    after = outcome.source
    again = fix(make_context(after, Settings()), all_rules(), unsafe=unsafe).source
    return Counter(
        {
            "files": 1,
            "changed": before.text != after.text,
            "findings with a fix": fixable(before, allowed),
            "left with a fix": fixable(after, allowed),
            "fixes refused by the proof": len(outcome.refused),
            "no longer parsed": parses(before.text) and not parses(after.text),
            "changed again by a second run": again.text != after.text,
        }
    )


def main() -> None:
    """Measure and print."""
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    total: Counter[str] = Counter()
    for path in sorted(Path(sys.argv[1]).rglob("*")):
        if path.is_file():
            total.update(measure(path, unsafe="--unsafe" in sys.argv))
    for name, number in total.items():
        print(f"{number:6} {name}")


if __name__ == "__main__":
    main()
