"""SIG109 stop-signal-kill."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.fix import Applicability, Fix, Scope, delete
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._layers import whole_line
from jettison.lint.syntax import Instruction


class StopSignalKill(Rule):
    """Flags `STOPSIGNAL SIGKILL` and `SIGSTOP`.

    ## What it does
    Looks for STOPSIGNAL with a signal that no program can handle: SIGKILL (9) and SIGSTOP (19).

    ## Why is this bad?
    The program is killed at once at every stop: requests are cut off, files stay half written, locks stay
    taken. The engine sends SIGKILL by itself if the program does not end in time.

    ## Example
    ```dockerfile
    STOPSIGNAL SIGKILL
    CMD ["server"]
    ```

    ## Use instead
    ```dockerfile
    STOPSIGNAL SIGTERM
    CMD ["server"]
    ```

    ## When to ignore
    When the program keeps nothing and ends slowly.

    ## Fix safety
    Unsafe: the instruction is removed, so the engine sends SIGTERM and waits.

    ## Sources
    - Dockerfile reference, STOPSIGNAL; signal(7)
    """

    code = "SIG109"
    name = "stop-signal-kill"
    severity = Severity.ERROR
    fixable = Applicability.UNSAFE
    keywords = frozenset({"STOPSIGNAL"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A signal that cannot be handled."""
        signal = (context.build.expand(node.arguments.text, node) or "").upper().removeprefix("SIG")
        if signal in ("KILL", "9", "STOP", "19"):
            fix = Fix("remove it", (delete(whole_line(node, context)),), Applicability.UNSAFE, Scope.CONFIG)
            message = "no program can handle this signal, so every stop cuts off what it is doing"
            yield self.at(node.span, message, fix=fix if node.index >= 0 else None)
