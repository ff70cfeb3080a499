"""CCH108 chown-in-own-layer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jettison.lint.build import Build
from jettison.lint.command import Arg, Command
from jettison.lint.fix import Applicability, Fix, Scope, delete, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._building import before
from jettison.lint.rules._layers import absolute, copied, destination, located, whole_line
from jettison.lint.syntax import Instruction, Transfer


class ChownInOwnLayer(Rule):
    """Flags `chown` and `chmod` of files that an earlier instruction copied.

    ## What it does
    Looks in stages that ship for `chown` and `chmod` of the destination of an earlier COPY or ADD, or of a
    folder around it.

    ## Why is this bad?
    A layer holds whole files. Changing the owner of a file stores it once more, so what was copied is in the
    image twice. `COPY --chown` and `--chmod` set both at once.

    ## Example
    ```dockerfile
    COPY server /srv/server
    RUN chown -R 10001:10001 /srv/server
    ```

    ## Use instead
    ```dockerfile
    COPY --chown=10001:10001 server /srv/server
    ```

    ## When to ignore
    For a few small files.

    ## Fix safety
    Unsafe: folders that were there before the COPY keep their owner. Offered where the RUN does nothing else
    and follows the COPY.

    ## Sources
    - Dockerfile reference, `COPY --chown --chmod`
    - OCI Image Format Specification, "Image Layer Filesystem Changeset"
    """

    code = "CCH108"
    name = "chown-in-own-layer"
    severity = Severity.WARNING
    fixable = Applicability.UNSAFE
    keywords = frozenset({"RUN"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Changes of owner and mode of what another layer holds."""
        if not context.ships(node) or node.index < 0:
            return
        earlier = [item for item in before(node, context.build) if isinstance(item, Transfer)]
        for cwd, command in located(node, context.build):
            if command.name not in ("chown", "chmod") or not earlier:
                continue
            for arg in command.operands()[1:]:
                path = absolute(arg.value, cwd) if arg.value else None
                source = _source(path, command, earlier, context.build) if path else None
                if source is None:
                    continue
                line = context.source.position(source.span.start).line
                message = f"`{command.name}` stores what line {line} copied once more"
                yield self.at(arg.span, message, fix=_fix(command, arg, source, context))
                break


def _source(path: str, command: Command, earlier: list[Transfer], build: Build) -> Transfer | None:
    """The last instruction that copied a file to a path, or, for `-R`, something to it or below it."""
    clean = re.sub(r"/\*\Z", "", path).rstrip("/")
    recursive = clean != path or command.has("-R", "--recursive")
    for node in reversed(earlier):
        target = (destination(node, build) or "").rstrip("/")
        if any(clean == place for _, place in copied(node, build)):
            return node
        if recursive and target and (target == clean or target.startswith(f"{clean}/")):
            return node
    return None


def _fix(command: Command, arg: Arg, source: Transfer, context: Context) -> Fix | None:
    node, build = command.instruction, context.build
    what = command.operands()[0]
    if (
        build.commands(node) != (command,)
        or command.script is None
        or command.scopes
        or node.index != source.index + 1
    ):
        return None
    if (
        len(command.operands()) != 2
        or source.flag(command.name) is not None
        or node.flags
        or source.index < 0
    ):
        return None
    if (destination(source, build) or "").rstrip("/") != (arg.value or "").rstrip("/"):
        return None
    if not re.fullmatch(r"[\w.-]+(?::[\w.-]+)?", what.raw) or (
        command.name == "chmod" and not what.raw.isdecimal()
    ):
        return None
    edits = (
        insert(source.keyword_span.end, f" --{command.name}={what.raw}"),
        delete(whole_line(node, context)),
    )
    return Fix(f"use COPY --{command.name}", edits, Applicability.UNSAFE, Scope.CONFIG)
