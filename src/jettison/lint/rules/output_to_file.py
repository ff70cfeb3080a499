"""SIG110 output-to-file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.build import Stage
from jettison.lint.command import Command
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._process import starters, target_stage

_LOG_OPTIONS: Final = (
    "--log-file",
    "--logfile",
    "--access-logfile",
    "--error-logfile",
    "--access-log",
    "--error-log",
)


class OutputToFile(Rule):
    """Flags containers whose program writes its log into a file.

    ## What it does
    Looks in ENTRYPOINT and CMD for output that is redirected to a file, `tail -f` of a log that stands in for
    the program, and options such as `--access-logfile FILE`.

    ## Why is this bad?
    The engine collects what process 1 writes to its output, and nothing else. A log file inside the container
    is seen by nobody, grows until the disk is full, and is gone with the container.

    ## Example
    ```dockerfile
    CMD ["sh", "-c", "exec server >> /var/log/server.log 2>&1"]
    ```

    ## Use instead
    ```dockerfile
    CMD ["server"]
    ```

    ## When to ignore
    When the file lies on a volume that something else reads.

    ## Sources
    - Docker documentation, "View container logs"; The Twelve-Factor App, XI "Logs"
    """

    code = "SIG110"
    name = "output-to-file"
    severity = Severity.WARNING

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """What the stage that is built starts."""
        if not target_stage(stage, context):
            return
        for node in starters(stage):
            commands = context.build.commands(node)
            for command in commands:
                yield from self._redirected(command)
                if command.name == "tail" and command.has("-f", "-F") and len(commands) > 1:
                    message = "`tail` stands in for the program: nobody notices when that ends"
                    yield self.at(command.span, message)
                option = command.option_value(*_LOG_OPTIONS)
                if option is not None and option.text.startswith(("/", "./")) and not _is_stream(option.text):
                    yield self.at(
                        option.span, "a log in a file is seen by nobody, and gone with the container"
                    )

    def _redirected(self, command: Command) -> Iterator[Finding]:
        for item in command.redirects:
            target = item.target
            if item.operator not in (">", ">>", "&>", "&>>", ">|") or target is None or target.value is None:
                continue
            if _is_stream(target.text) or command.name in (
                "echo",
                "printf",
                "cat",
                "envsubst",
                "sed",
                "tee",
                "env",
            ):
                continue
            if command.piped_into is None and "log" in target.text.lower():
                yield self.at(item.span, "a log in a file is seen by nobody, and gone with the container")


def _is_stream(path: str) -> bool:
    return path.startswith(("/dev/", "/proc/", "&")) or path == "-"
