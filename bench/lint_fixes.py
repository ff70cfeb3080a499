"""What `jettison lint --fix` does to a folder of Dockerfiles, with every rule there is.

Counts findings of rules that have fixes, those whose own fix may be applied, and those that are left with
one afterwards; and asks BuildKit's parser whether each file that it read before is still read, and a second
run whether it finds nothing more to do. Then it lists, rule by rule, what was not fixed: because the fix is
unsafe, or because there is none at that place.

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
from jettison.lint.rule import Finding
from jettison.lint.rules import all_rules
from jettison.lint.source import Source


def parses(text: str) -> bool:
    """Whether BuildKit's parser reads a file."""
    try:
        dockerfile.parse_string(text)
    except dockerfile.GoParseError:
        return False
    return True


FIXABLE = {rule.code for rule in all_rules() if rule.fixable is not None}


def findings(source: Source) -> list[Finding]:
    """The findings of rules that have fixes."""
    found = lint(make_context(source, Settings()), rules=all_rules()).findings
    return [finding for finding in found if finding.code in FIXABLE]


def applicable(found: list[Finding], allowed: set[Applicability]) -> int:
    """How many findings have a fix that may be applied."""
    return sum(finding.fix is not None and finding.fix.applicability in allowed for finding in found)


def measure(path: Path, allowed: set[Applicability], left: Counter[tuple[str, str]]) -> Counter[str]:
    """The numbers of one file; counts what cannot be fixed by rule and reason."""
    unsafe = Applicability.UNSAFE in allowed
    before = Source.of(path.read_bytes())
    found = findings(before)
    for finding in found:
        if finding.fix is None or finding.fix.applicability not in allowed:
            reason = "no fix there" if finding.fix is None else str(finding.fix.applicability)
            left[f"{finding.code} {finding.name}", reason] += 1
    outcome = fix(make_context(before, Settings()), all_rules(), unsafe=unsafe)
    after = outcome.source
    again = fix(make_context(after, Settings()), all_rules(), unsafe=unsafe).source
    return Counter(
        {
            "files": 1,
            "changed": before.text != after.text,
            "findings of rules that have fixes": len(found),
            "findings with a fix of any kind": applicable(found, set(Applicability)),
            "findings with a fix that is applied": applicable(found, allowed),
            "left with such a fix": applicable(findings(after), allowed),
            "fixes refused by the proof": len(outcome.refused),
            "no longer parsed": parses(before.text) and not parses(after.text),
            "changed again by a second run": again.text != after.text,
        }
    )


def main() -> None:
    """Measure and print."""
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    allowed = {Applicability.SAFE}
    if "--unsafe" in sys.argv:
        allowed.add(Applicability.UNSAFE)
    total: Counter[str] = Counter()
    left: Counter[tuple[str, str]] = Counter()
    for path in sorted(Path(sys.argv[1]).rglob("*")):
        if path.is_file():
            total.update(measure(path, allowed, left))
    for name, number in total.items():
        print(f"{number:6} {name}")
    done = total["findings with a fix that is applied"] - total["left with such a fix"]
    for name in ("findings of rules that have fixes", "findings with a fix of any kind"):
        print(f"{done / max(total[name], 1):6.1%} fixed of {name}")
    for (rule, reason), number in left.most_common():
        print(f"{number:6} {rule}: {reason}")


if __name__ == "__main__":
    main()
