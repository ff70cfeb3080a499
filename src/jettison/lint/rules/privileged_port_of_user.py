"""USR108 privileged-port-of-user."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._users import is_root

FIRST_FREE_PORT: Final = 1024
"""Ports below need the capability NET_BIND_SERVICE, unless the engine sets `ip_unprivileged_port_start`."""


class PrivilegedPortOfUser(Rule):
    """Flags a port below 1024 in an image that does not run as root.

    ## What it does
    Looks in the stage that is built for EXPOSE of a port below 1024 where the last USER is not root, and no
    `setcap` gives the program the capability.

    ## Why is this bad?
    Only root, or a program with the capability NET_BIND_SERVICE, may listen there. Docker allows it to
    everybody since 20.10; Kubernetes and Podman need not, and then the program ends with "permission denied".
    A port of 1024 or more works with no capability at all, so all can be dropped.

    ## Example
    ```dockerfile
    USER 10001
    EXPOSE 80
    CMD ["server"]
    ```

    ## Use instead
    ```dockerfile
    USER 10001
    EXPOSE 8080
    CMD ["server"]
    ```

    ## When to ignore
    When the image runs on engines that allow it.

    ## Sources
    - capabilities(7), CAP_NET_BIND_SERVICE; Kubernetes Pod Security Standards, "Restricted"
    """

    code = "USR108"
    name = "privileged-port-of-user"
    severity = Severity.INFO

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Ports of the stage that is built."""
        user = stage.effective("USER")
        if stage is not context.build.target or user is None or not user.words:
            return
        name = context.build.expand(user.words[0].text, user)
        if name is None or is_root(name.partition(":")[0].strip()):
            return
        if any(command.name == "setcap" for command in context.build.runs(stage)):
            return
        for node in stage.all("EXPOSE"):
            for word in node.words:
                port = re.match(r"(\d+)(?:/|\Z)", context.build.expand(word.text, node) or "")
                if port is not None and int(port[1]) < FIRST_FREE_PORT:
                    message = f"port {port[1]} needs a capability that `{name}` has on some engines only"
                    yield self.at(word.span, message)
