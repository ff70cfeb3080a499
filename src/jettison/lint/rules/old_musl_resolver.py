"""ALP105 old-musl-resolver."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.bases import Distro
from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._musl import alpine_version

FIRST_WITH_TCP = (3, 18)
"""Alpine 3.18 has musl 1.2.4, the first whose resolver asks again over TCP."""


class OldMuslResolver(Rule):
    """Flags Alpine before 3.18, whose name resolution fails for large answers.

    ## What it does
    Looks at the version of Alpine in the tag of the base of the stage that is built.

    ## Why is this bad?
    The resolver of musl before 1.2.4 knows no TCP. An answer of more than 512 bytes (many addresses
    behind one name, as in Kubernetes) is cut off, and the name is "not found", now and then, in
    production. These versions also get no security updates any more.

    ## Example
    ```dockerfile
    FROM alpine:3.16
    CMD ["server"]
    ```

    ## Use instead
    ```dockerfile
    FROM alpine:3.21
    CMD ["server"]
    ```

    ## When to ignore
    When the container asks for no names.

    ## Sources
    - musl 1.2.4 release notes, "TCP fallback"; Alpine 3.18.0 release notes
    """

    code = "ALP105"
    name = "old-musl-resolver"
    severity = Severity.WARNING

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """The base of the stage that is built."""
        version = alpine_version(stage)
        if stage is not context.build.target or stage.distro is not Distro.ALPINE or version is None:
            return
        image = stage.root.node.image
        if version < FIRST_WITH_TCP and image is not None:
            text = ".".join(map(str, version))
            message = f"names with many addresses are not found: musl of Alpine {text} knows no DNS over TCP"
            yield self.at(image.span, message)
