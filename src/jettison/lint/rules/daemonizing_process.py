"""SIG107 daemonizing-process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from jettison.lint.build import Stage
from jettison.lint.command import Command
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._process import program, target_stage

_START: Final = frozenset({"start", "restart"})


def _has(*options: str) -> Callable[[Command], bool]:
    return lambda command: not command.has(*options)


_DAEMONS: Final[dict[str, Callable[[Command], bool]]] = {
    "nginx": lambda command: (
        "daemon off" not in " ".join(command.words) and not command.has("-t", "-v", "-V", "-c", "-h")
    ),
    "sshd": _has("-D", "-d", "-t", "-T"),
    "crond": _has("-f", "-n", "-d"),
    "cron": _has("-f"),
    "rsyslogd": _has("-n", "-d"),
    "apachectl": lambda command: "-D" not in command.words and bool(_START.intersection(command.words)),
    "apache2ctl": lambda command: "-D" not in command.words and bool(_START.intersection(command.words)),
    "httpd": lambda command: (
        "-D" not in " ".join(command.words) and "-X" not in command.words and "-k" in command.words
    ),
    "service": lambda command: bool(_START.intersection(command.words)),
    "systemctl": lambda command: bool(_START.intersection(command.words)),
    "php-fpm": lambda command: command.has("-D", "--daemonize"),
    "named": _has("-f", "-g"),
    "dnsmasq": _has("-k", "-d", "--keep-in-foreground", "--no-daemon"),
    "smbd": _has("-F", "--foreground", "-i"),
}
"""Programs that go into the background unless told otherwise: whether a call does."""


class DaemonizingProcess(Rule):
    """Flags a container whose program goes into the background.

    ## What it does
    Looks at process 1 for programs that leave their parent: `nginx` without `daemon off;`, `sshd` without
    `-D`, `cron` without `-f`, `apachectl start`, `service X start`.

    ## Why is this bad?
    The container ends with process 1. A program that goes into the background ends its first process at
    once, and the container stops, with exit code 0, right after its start.

    ## Example
    ```dockerfile
    RUN apt-get update && apt-get install -y nginx
    CMD ["nginx"]
    ```

    ## Use instead
    ```dockerfile
    RUN apt-get update && apt-get install -y nginx
    CMD ["nginx", "-g", "daemon off;"]
    ```

    ## When to ignore
    When a configuration file keeps it in the foreground.

    ## Sources
    - nginx documentation, `daemon`; sshd(8), cron(8), httpd(8)
    """

    code = "SIG107"
    name = "daemonizing-process"
    severity = Severity.WARNING

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Process 1 of the stage that is built."""
        found = program(stage, context.build) if target_stage(stage, context) else None
        leaves = _DAEMONS.get(found.name) if found is not None else None
        if found is None or leaves is None or not leaves(found) or _configured(found, context):
            return
        message = f"`{found.name}` goes into the background, and the container ends with it"
        yield self.at(found.span, message)


def _configured(found: Command, context: Context) -> bool:
    """Whether the file writes that setting somewhere else."""
    return found.name == "nginx" and "daemon off" in context.source.text
