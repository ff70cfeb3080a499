"""RUN105 process-started-in-build."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.command import Command
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._script import background, following, statements
from jettison.lint.syntax import Instruction

_STARTING: Final = frozenset({"start", "restart", "reload", "force-reload"})


class ProcessStartedInBuild(Rule):
    """Flags a service that RUN starts and then leaves behind.

    ## What it does
    Looks for `service X start`, `systemctl start X`, `/etc/init.d/X start`, `rc-service X start` and a
    command with `&` that nothing follows in the same RUN. A service that the rest of the RUN uses (to
    fill a database, say) is left alone.

    ## Why is this bad?
    An image holds files, not processes: what RUN starts is killed when RUN ends, and does not run in the
    container. `systemctl` does not even start anything, since no systemd runs in a build.

    ## Example
    ```dockerfile
    RUN service nginx start
    ```

    ## Use instead
    ```dockerfile
    CMD ["nginx", "-g", "daemon off;"]
    ```

    ## When to ignore
    When starting it once is a test, or writes files that the image needs.

    ## Sources
    - hadolint DL3001, Dockerfile reference, CMD
    """

    code = "RUN105"
    name = "process-started-in-build"
    severity = Severity.WARNING
    aliases = ("DL3001",)
    keywords = frozenset({"RUN"})

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """A start through the service manager."""
        service = _service(command)
        if service is None:
            return
        if command.name != "systemctl" and any(
            not _service(item) for item in following(command, context.build)
        ):
            return
        yield self.at(
            command.span, f"`{service}` is started for the build only; it does not run in the container"
        )

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A last command that is put in the background."""
        for script in context.build.scripts(node):
            places = background(script)
            found = statements(script) if places else []
            if places and found and script.span_of(found[-1]).end <= places[-1].start:
                message = (
                    "what `&` starts at the end of RUN is killed at once; it does not run in the container"
                )
                yield self.at(places[-1], message)


def _service(command: Command) -> str | None:
    """The service that a command starts."""
    words = [word for word in command.words if not word.startswith("-")]
    if not _STARTING.intersection(words):
        return None
    if command.name in ("service", "rc-service", "invoke-rc.d") and len(words) > 1 and words[1] in _STARTING:
        return words[0]
    if command.name == "systemctl" and len(words) > 1 and words[0] in _STARTING:
        return None if command.has("--root", "--global") else words[1]
    path = command.script.text.text if command.script is not None else ""
    initd = rf"/etc/(?:rc\.d/)?init\.d/{re.escape(command.name)}"
    if command.name and words and words[0] in _STARTING and re.search(initd, path):
        return command.name
    return None
