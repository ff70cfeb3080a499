"""MET108 ssh-port-exposed."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import Instruction


class SshPortExposed(Rule):
    """Flags `EXPOSE 22`.

    ## What it does
    Looks for port 22 in EXPOSE.

    ## Why is this bad?
    A shell server in a container is one more process, with keys and passwords of its own, that nobody
    updates. `docker exec` and `kubectl exec` need none.

    ## Example
    ```dockerfile
    EXPOSE 22
    ```

    ## Use instead
    ```dockerfile
    EXPOSE 8080
    ```

    ## When to ignore
    For images whose purpose is SSH or SFTP.

    ## Sources
    - trivy DS-0004, checkov CKV_DOCKER_1
    """

    code = "MET108"
    name = "ssh-port-exposed"
    severity = Severity.WARNING
    aliases = ("DS-0004", "DS004", "CKV_DOCKER_1")
    keywords = frozenset({"EXPOSE"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Port 22, alone or with its protocol."""
        for word in node.words:
            if (context.build.expand(word.text, node) or "").lower() in ("22", "22/tcp"):
                yield self.at(word.span, "a shell server in the container is one more way in")
