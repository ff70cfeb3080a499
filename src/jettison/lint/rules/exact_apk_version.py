"""ALP106 exact-apk-version."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jettison.lint.fix import Applicability, Fix, replace
from jettison.lint.packages import Action, Package, Verb
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.source import Span


class ExactApkVersion(Rule):
    """Flags `apk add name=1.2.3-r4`: a version that will not be there tomorrow.

    ## What it does
    Looks for packages of apk with an exact version, release number included. A repository given on the
    command line is taken for one that keeps old versions, and left alone.

    ## Why is this bad?
    The servers of Alpine keep one version of a package for each branch. With the next security fix `-r4` is
    replaced by `-r5`, and every build stops with "unable to select packages", until somebody edits the file.

    ## Example
    ```dockerfile
    FROM alpine:3.20
    RUN apk add --no-cache curl=8.9.1-r2
    ```

    ## Use instead
    ```dockerfile
    FROM alpine:3.20
    RUN apk add --no-cache curl=~8.9
    ```

    ## When to ignore
    With a mirror that keeps old versions.

    ## Fix safety
    Unsafe: any release of the same minor version is taken. Pin the base image by digest for builds that
    repeat.

    ## Sources
    - Alpine wiki, "Package pinning"; hadolint issue 464
    """

    code = "ALP106"
    name = "exact-apk-version"
    severity = Severity.INFO
    fixable = Applicability.UNSAFE
    managers = frozenset({"apk"})

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Packages with a release number."""
        if action.verb is not Verb.INSTALL or action.command.has("-X", "--repository", "--repositories-file"):
            return
        for package in action.packages:
            match = re.fullmatch(r"=(\d+(?:\.\d+)?)[\w.]*-r\d+", package.version or "")
            if match is not None:
                fix = _fix(package, match[1]) if action.command.editable else None
                message = (
                    f"`{package.arg.text}` is gone from the servers with the next fix, and the build stops"
                )
                yield self.at(package.arg.span, message, fix=fix)


def _fix(package: Package, minor: str) -> Fix | None:
    arg = package.arg
    if arg.raw.strip("\"'") != f"{package.name}{package.version}" or arg.start < 0:
        return None
    quote = arg.raw[0] if arg.raw[0] in "\"'" else ""
    place = Span(arg.span.start, arg.span.end)
    return Fix(
        "take any release of it",
        (replace(place, f"{quote}{package.name}=~{minor}{quote}"),),
        Applicability.UNSAFE,
    )
