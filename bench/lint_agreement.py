"""Where `jettison lint` and hadolint agree, rule by rule, and each place at which they do not.

Both look at the same files. A place is a file and an instruction; hadolint reports the first line of an
instruction, so ours are taken to that line. Prints a table in Markdown, then every difference of the codes
that are asked for. Files that hadolint cannot parse (DL1000) are not counted, nor are optional rules, which
hadolint keeps off as well.

    .venv/bin/python -P bench/lint_agreement.py FOLDER [CODE…]    # CODE: DL3006, or a family such as BAS
"""

import json
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from jettison.lint.config import Settings
from jettison.lint.engine import make_context, run
from jettison.lint.rule import Rule
from jettison.lint.rules import all_rules, resolve
from jettison.lint.source import Source

Places = set[tuple[Path, int]]
UNPARSED = "DL1000"


def wanted(names: list[str]) -> dict[str, list[Rule]]:
    """hadolint's codes with our rules that answer to each."""
    chosen = [rule for name in names for rule in resolve(name)] or all_rules()
    chosen = [rule for rule in chosen if not rule.optional]
    found: dict[str, list[Rule]] = defaultdict(list)
    for rule in chosen:
        for alias in rule.aliases:
            if alias.startswith("DL") and alias != UNPARSED and (alias in names or not _codes(names)):
                found[alias].append(rule)
    return dict(sorted(found.items()))


def _codes(names: list[str]) -> bool:
    return any(name.startswith("DL") for name in names)


def theirs(files: list[Path]) -> dict[str, Places]:
    """What hadolint finds, by code."""
    program = shutil.which("hadolint") or str(Path(sys.executable).with_name("hadolint"))
    found: dict[str, Places] = defaultdict(set)
    for start in range(0, len(files), 100):
        command = [program, "--no-fail", "--format", "json", *map(str, files[start : start + 100])]
        done = subprocess.run(command, capture_output=True, check=True)
        for item in json.loads(done.stdout):
            found[item["code"]].add((Path(item["file"]), item["line"]))
    return found


def ours(files: list[Path], codes: dict[str, list[Rule]]) -> dict[str, Places]:
    """What we find, by hadolint's code."""
    rules = {rule.code: rule for answering in codes.values() for rule in answering}
    found: dict[str, Places] = defaultdict(set)
    for path in files:
        context = make_context(Source.of(path.read_bytes()), Settings())
        for finding in run(context, list(rules.values())):
            node = context.dockerfile.instruction_at(finding.span.start)
            line = context.source.position(finding.span.start).line if node is None else node.start_line
            for code, answering in codes.items():
                if any(rule.code == finding.code for rule in answering):
                    found[code].add((path, line))
    return found


def main() -> None:
    """Compare and print."""
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    files = sorted(path for path in Path(sys.argv[1]).rglob("*") if path.is_file())
    codes = wanted(sys.argv[2:])
    hadolint, jettison = theirs(files), ours(files, codes)
    unparsed = {path for path, _ in hadolint[UNPARSED]}
    print(f"{len(files)} files, {len(unparsed)} of them not parsed by hadolint\n")
    print("| hadolint | ours | both | only hadolint | only ours |\n|---|---|---|---|---|")
    differences: list[str] = []
    for code, rules in codes.items():
        mine, other = (
            {place for place in found[code] if place[0] not in unparsed} for found in (jettison, hadolint)
        )
        names = ", ".join(rule.name for rule in rules)
        print(f"| {code} | {names} | {len(mine & other)} | {len(other - mine)} | {len(mine - other)} |")
        differences += (_difference(code, "hadolint", place) for place in sorted(other - mine))
        differences += (_difference(code, "jettison", place) for place in sorted(mine - other))
    print()
    print("\n".join(differences))


def _difference(code: str, who: str, place: tuple[Path, int]) -> str:
    path, line = place
    source = Source.of(path.read_bytes())
    context = make_context(source, Settings())
    node = context.dockerfile.instruction_at(source.starts[line - 1])
    stage = context.build.stage_of(node) if node is not None else None
    fate = "" if stage is None or stage.ships else " (does not ship)" if stage.used else " (not used)"
    return f"{code} only {who}: {path}:{line}:{fate} {source.line(line).strip()[:120]}"


if __name__ == "__main__":
    main()
