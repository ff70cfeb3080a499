"""MET105 no-healthcheck."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity


class NoHealthcheck(Rule):
    """Flags an image without HEALTHCHECK.

    ## What it does
    Looks for HEALTHCHECK in the stage that is built and those that it is built on. Optional: Kubernetes
    ignores the instruction and has probes of its own, and jobs need none.

    ## Why is this bad?
    Docker, Compose and Swarm take a process that hangs for a healthy one.

    ## Example
    ```dockerfile
    CMD ["server"]
    ```

    ## Use instead
    ```dockerfile
    HEALTHCHECK CMD ["server", "--check"]
    CMD ["server"]
    ```

    ## When to ignore
    Where the platform asks in another way; `HEALTHCHECK NONE` says so in the file.

    ## Sources
    - hadolint DL3057, trivy DS-0026, checkov CKV_DOCKER_2, dockle CIS-DI-0006
    """

    code = "MET105"
    name = "no-healthcheck"
    severity = Severity.INFO
    aliases = ("DL3057", "DS-0026", "DS026", "CKV_DOCKER_2", "CIS-DI-0006")
    optional = True

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """The stage that is run."""
        if stage is context.build.target and stage.effective("HEALTHCHECK") is None:
            yield self.at(stage.node.keyword_span, "nothing tells whether the application still works")
