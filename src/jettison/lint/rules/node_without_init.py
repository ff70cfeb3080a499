"""SIG111 node-without-init."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final

from jettison.lint.build import Stage
from jettison.lint.command import Command
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._context import folder_of
from jettison.lint.rules._process import has_init, program, target_stage

_RUNTIMES: Final = frozenset({"node", "nodejs", "python", "python3"})
_HANDLING: Final = (b"SIGTERM", b"signal.signal", b"add_signal_handler", b"terminus", b"closeWithGrace")


class NodeWithoutInit(Rule):
    """Flags Node.js or Python as process 1 with a program that does not handle SIGTERM.

    ## What it does
    Looks at process 1 for `node FILE` and `python FILE` without an init, and reads the file in the build
    context: without a word about SIGTERM in it, the rule speaks. Where the file cannot be found it is silent.

    ## Why is this bad?
    For process 1 the kernel ignores signals that have no handler, and neither Node.js nor Python has one for
    SIGTERM. Stopping the container takes ten seconds and ends in SIGKILL. Orphans are not collected either.

    ## Example
    A Dockerfile with `CMD ["node", "server.js"]` beside a `server.js` that handles no signal.

    ## Use instead
    `process.on("SIGTERM", () => server.close())` in the program, or `ENTRYPOINT ["tini", "--"]` before it.

    ## When to ignore
    When another file handles the signal, or the container is run with `--init`.

    ## Sources
    - Node.js Docker best practices, "Handling Kernel Signals"; signal(7), kill(2), pid_namespaces(7)
    """

    code = "SIG111"
    name = "node-without-init"
    severity = Severity.INFO
    preview = True

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Process 1 of the stage that is built."""
        found = program(stage, context.build) if target_stage(stage, context) else None
        if found is None or found.name not in _RUNTIMES or has_init(stage, context.build):
            return
        data = _source(found, context)
        if data is not None and not any(word in data for word in _HANDLING):
            name = found.operands()[0].text
            message = f"`{name}` handles no SIGTERM, and as process 1 it has no default: a stop takes 10 s"
            yield self.at(found.span, message)


def _source(found: Command, context: Context) -> bytes | None:
    folder = folder_of(context)
    operands = found.operands()
    if folder is None or not operands or found.has("-m", "-c", "-e"):
        return None
    name = operands[0].text
    workdir = context.build.state(found.instruction).workdir or "/"
    relative = posixpath.relpath(name, workdir) if name.startswith("/") else posixpath.normpath(name)
    return folder.head(relative) if not relative.startswith("..") else None
