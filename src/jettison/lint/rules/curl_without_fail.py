"""RUN114 curl-without-fail."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.command import Command, Scope
from jettison.lint.fix import Applicability, Fix, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._download import downloads, is_local


class CurlWithoutFail(Rule):
    """Flags a download with `curl` that takes an error page for the file.

    ## What it does
    Looks for `curl` that writes a file or feeds a pipe, and has neither `-f` (`--fail`) nor
    `--fail-with-body`.

    ## Why is this bad?
    Without `-f`, "404 Not Found" is a success: the error page is stored under the name of the archive, and
    the build breaks later with a message about something else, or does not break at all.

    ## Example
    ```dockerfile
    RUN curl -sSL -o /usr/local/bin/tool https://example.org/tool
    ```

    ## Use instead
    ```dockerfile
    RUN curl -f -sSL -o /usr/local/bin/tool https://example.org/tool
    ```

    ## When to ignore
    When the answer is examined afterwards.

    ## Fix safety
    Safe: with `-f` nothing changes as long as the server sends the file.

    ## Sources
    - curl(1), `-f, --fail`
    """

    code = "RUN114"
    name = "curl-without-fail"
    severity = Severity.WARNING
    fixable = Applicability.SAFE
    programs = frozenset({"curl"})

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """Downloads whose status nobody looks at."""
        if command.has("-f", "--fail", "--fail-with-body", "--fail-early", "-w", "--write-out"):
            return
        if Scope.CONDITION in command.scopes or command.operator == "||":
            return
        found = [item for item in downloads(command) if not is_local(item.url.text)]
        kept = [item for item in found if item.output != "" or command.piped_into is not None]
        if not kept or all(item.output == "/dev/null" for item in kept):
            return
        fix = Fix("add -f", (insert(command.name_span.end, " -f"),)) if command.editable else None
        message = "`curl` without `-f` stores an error page as if it were the file"
        yield self.at(command.name_span, message, fix=fix)
