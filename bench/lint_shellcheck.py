"""ShellCheck's findings through `jettison lint` against ShellCheck run directly on the same scripts.

The other way to the same places: each RUN in the shell form is written as it stands in the file, behind
blanks up to its first character, so that ShellCheck itself counts lines and columns of the Dockerfile.
Only RUN without comments inside is compared; a comment there is no comment of the shell. What is only
found directly comes from the ends of continued lines, which the builder joins and the shell never sees:
SC1101 and its consequences.

    .venv/bin/python bench/lint_shellcheck.py FOLDER [FILES]
"""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from jettison.lint.config import Settings
from jettison.lint.engine import make_context
from jettison.lint.files import find, read
from jettison.lint.rule import Context
from jettison.lint.script import Script
from jettison.lint.shellcheck import _EXCLUDED, ShellCheck, _header, find_program, scripts

Place = tuple[str, int, int]


def comparable(script: Script, context: Context) -> bool:
    """Whether the text behind RUN is the script, character by character, but for line continuations."""
    node = script.instruction
    plain = node.keyword == "RUN" and not script.heredoc and not node.heredocs and script.exact
    inside = any(node.span.covers(comment.span) for comment in context.dockerfile.comments)
    return plain and not inside and not node.empty_continuations and context.dockerfile.escape == "\\"


def directly(program: Path, chosen: list[tuple[Script, Context]]) -> list[set[Place]]:
    """What ShellCheck says about each script, at lines and columns of its Dockerfile."""
    with tempfile.TemporaryDirectory() as folder:
        for number, (script, context) in enumerate(chosen):
            start = script.text.at(0)
            text = context.source.text[start : script.instruction.span.end]
            column = context.source.position(start).column
            Path(folder, str(number)).write_text(
                f"{_header(script)}{' ' * (column - 1)}{text}\n", encoding="utf-8", errors="replace"
            )
        names = [str(number) for number in range(len(chosen))]
        command = [str(program), "--norc", "--format=json1", f"--exclude={_EXCLUDED}", *names]
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    found: list[set[Place]] = [set() for _ in chosen]
    for comment in json.loads(done.stdout)["comments"]:
        script, context = chosen[int(comment["file"])]
        line = comment["line"] - _header(script).count("\n") - 1
        if line >= 0:
            first = context.source.position(script.text.at(0)).line
            found[int(comment["file"])].add((f"SC{comment['code']}", first + line, comment["column"]))
    return found


def main() -> None:
    files = list(find([Path(sys.argv[1])]))
    wanted = int(sys.argv[2]) if len(sys.argv) > 2 else len(files)
    program = find_program(required=True)
    assert program is not None
    total = same = 0
    chosen: list[tuple[Script, Context]] = []
    for path in sorted(random.Random(1).sample(files, min(wanted, len(files)))):
        item = read(path)
        context = make_context(item.source, Settings(), path=item.path)
        chosen += ((script, context) for script in scripts(context) if comparable(script, context))
    checker = ShellCheck(program)
    for (script, context), theirs in zip(chosen, directly(program, chosen), strict=True):
        checker._check([job := checker._job(script)])
        ours = {(item.code, *context.source.position(item.span.start)) for item in checker._findings(job)}
        total += len(theirs)
        same += len(theirs & ours)
        for code, line, column in sorted(theirs ^ ours):
            side = "only directly" if (code, line, column) in theirs else "only jettison"
            print(f"{context.path}:{line}:{column}: {code} {side}")
    print(f"{len(chosen)} scripts, {total} findings, {same} at the same line and column")


if __name__ == "__main__":
    main()
