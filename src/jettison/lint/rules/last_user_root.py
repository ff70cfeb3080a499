"""USR101 last-user-root."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity


class LastUserRoot(Rule):
    """Flags an image whose last USER is root.

    ## What it does
    Looks at the last USER of the stage that is built, or of the stages it is built on. Other stages never
    run as a container and may use root.

    ## Why is this bad?
    A process that is taken over has all rights of its user. Root in a container is root of the host
    wherever a volume, a socket or a kernel bug leads out of it.

    ## Example
    ```dockerfile
    USER root
    RUN apt-get update
    CMD ["server"]
    ```

    ## Use instead
    ```dockerfile
    USER root
    RUN apt-get update
    USER 10001
    CMD ["server"]
    ```

    ## When to ignore
    For programs that drop their rights themselves (they bind port 25, then call setuid), and for images
    that are only built on.

    ## Sources
    - hadolint DL3002, trivy DS-0002, slim ID.20017, checkov CKV_DOCKER_8, dockle CIS-DI-0001
    """

    code = "USR101"
    name = "last-user-root"
    severity = Severity.WARNING
    aliases = ("DL3002", "DS-0002", "DS002", "ID.20017", "CKV_DOCKER_8", "CIS-DI-0001")

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """The USER that the container starts with."""
        if stage is not context.build.target:
            return
        node = stage.effective("USER")
        if node is None or not node.words:
            return
        user = context.build.expand(node.words[0].text, node)
        if user is not None and user.partition(":")[0].strip() in ("root", "0"):
            yield self.at(node.words[0].span, "the container runs as root, so a break-in has all rights")
