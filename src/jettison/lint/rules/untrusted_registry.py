"""BAS106 untrusted-registry."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.bases import BaseName, parse_base
from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._images import base_of
from jettison.lint.rules._sources import is_image, origins


class UntrustedRegistry(Rule):
    """Flags images from a registry that is not on your list.

    ## What it does
    Compares the registries of FROM, COPY --from and RUN --mount with `trusted-registries` of the
    configuration; a `*` at either end stands for anything. Without a list it is silent.

    ## Why is this bad?
    What is in a base image runs in yours. A typing mistake in a name is enough to get a stranger's.

    ## Example
    With `trusted-registries = ["docker.io"]`: `FROM quay.io/team/app:1.2`.

    ## Use instead
    An image from a registry of the list, or a longer list.

    ## When to ignore
    For images that were looked at.

    ## Sources
    - hadolint DL3026
    """

    code = "BAS106"
    name = "untrusted-registry"
    severity = Severity.ERROR
    aliases = ("DL3026",)

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Images from elsewhere."""
        trusted = context.settings.trusted_registries
        if not trusted:
            return
        image = stage.node.image
        base = base_of(stage.node, context)
        if base is not None and image is not None and not _trusted(base, trusted):
            yield self.at(image.span, f"`{base.registry}` is not a trusted registry")
        for origin in origins(stage, context):
            base = parse_base(origin.name)
            if (
                origin.found is None
                and not origin.variable
                and is_image(origin.name)
                and not _trusted(base, trusted)
            ):
                yield self.at(origin.word.span, f"`{base.registry}` is not a trusted registry")


def _trusted(base: BaseName, trusted: tuple[str, ...]) -> bool:
    hosts = {base.registry} | (
        {"hub.docker.com", "index.docker.io"} if base.registry == "docker.io" else set()
    )
    return any(_matches(pattern, host) for pattern in trusted for host in hosts)


def _matches(pattern: str, host: str) -> bool:
    if pattern == "*":
        return True
    if pattern.startswith("*"):
        return host.endswith(pattern[1:])
    return host.startswith(pattern[:-1]) if pattern.endswith("*") else host == pattern
