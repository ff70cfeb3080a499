"""SIG105 package-manager-as-process."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Final

from jettison.lint.build import Stage
from jettison.lint.command import Command
from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._context import folder_of
from jettison.lint.rules._process import program, target_stage
from jettison.lint.source import Span

_LAUNCHERS: Final = {
    "npm": ("start", "run", "run-script", "exec", "test"),
    "yarn": ("start", "run", "dev", "serve", "node"),
    "pnpm": ("start", "run", "dev", "serve", "exec"),
    "npx": None,
    "bunx": None,
    "mvn": None,
    "mvnw": None,
    "gradle": None,
    "gradlew": None,
    "sbt": ("run",),
    "lein": ("run",),
    "mix": ("phx.server", "run"),
    "composer": ("start", "run", "run-script"),
    "make": None,
    "go": ("run",),
    "dotnet": ("run", "watch"),
}
"""Programs that start another one and stay in front of it; None for whatever they are asked."""


class PackageManagerAsProcess(Rule):
    """Flags containers that start their program through a package manager or build tool.

    ## What it does
    Looks at the program that becomes process 1: `npm start`, `yarn run`, `npx`, `mvn spring-boot:run`,
    `gradle run`, `go run`, `dotnet run`, `make` and their like.

    ## Why is this bad?
    It stays in memory beside the program for as long as that runs, swallows or garbles signals (npm ends at
    SIGTERM without waiting), reports its own exit code, and writes files where an application should not.
    `go run` and `mvn` even compile at each start.

    ## Example
    A Dockerfile with `CMD ["npm", "start"]` beside a package.json whose `start` is `node server.js`.

    ## Use instead
    `CMD ["node", "server.js"]`

    ## When to ignore
    In images for development.

    ## Fix safety
    Unsafe: the script of package.json is put in its place, where the build context has one that is a plain
    `node` command.

    ## Sources
    - Node.js Docker guide, "CMD"; npm documentation, scripts
    """

    code = "SIG105"
    name = "package-manager-as-process"
    severity = Severity.WARNING
    fixable = Applicability.UNSAFE

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Process 1 of the stage that is built."""
        found = program(stage, context.build) if target_stage(stage, context) else None
        if found is None or found.name not in _LAUNCHERS:
            return
        verbs = _LAUNCHERS[found.name]
        words = [word for word in found.words if not word.startswith("-")]
        if verbs is not None and not (words and words[0] in verbs):
            return
        message = (
            f"`{' '.join([found.name, *words[:1]])}` stands between the engine and the program: no SIGTERM"
        )
        yield self.at(found.name_span, message, fix=_fix(found, words, context))


def _fix(found: Command, words: list[str], context: Context) -> Fix | None:
    if found.name not in ("npm", "yarn", "pnpm") or found.script is not None or found.wrappers:
        return None
    name = words[1] if words[:1] in (["run"], ["run-script"]) and len(words) > 1 else words[0]
    command = _package_script(name, context)
    node = found.instruction
    if command is None or len(words) > 2 or node.keyword != "CMD" or node.index < 0:
        return None
    place = Span(found.span.start, found.span.end)
    text = ", ".join(json.dumps(word) for word in command)
    return Fix("start node itself", (replace(place, text),), Applicability.UNSAFE, Scope.CONFIG)


def _package_script(name: str, context: Context) -> list[str] | None:
    """The words of a script of package.json that is nothing but a call of node."""
    folder = folder_of(context)
    data = folder.head("package.json") if folder is not None else None
    try:
        scripts = json.loads(data or b"{}").get("scripts", {})
    except (ValueError, AttributeError):
        return None
    text = scripts.get(name) if isinstance(scripts, dict) else None
    if not isinstance(text, str) or f"pre{name}" in scripts or re.search(r"[$`&|;<>()*?~#\\]", text):
        return None
    words = shlex.split(text)
    return words if words[:1] == ["node"] else None
