"""BAS105 base-without-digest."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.bases import BaseName
from jettison.lint.fix import Fix, Scope, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._images import base_of
from jettison.lint.syntax import From, Instruction, Word


class BaseWithoutDigest(Rule):
    """Flags base images that are not pinned by digest.

    ## What it does
    Looks for base images without `@sha256:…`. Optional, for projects whose builds have to be repeatable.
    With `--pin` the registry is asked, and `--fix` writes the digest down that the tag has now.

    ## Why is this bad?
    A tag can be pushed again, by its owner or by who has taken the account. Only a digest says which bytes
    are meant.

    ## Example
    ```dockerfile
    FROM debian:12.5
    ```

    ## Use instead
    ```dockerfile
    FROM debian:12.5@sha256:b37bc259c67238d814516548c17ad912f26c3eed48dd9bb54893eafec8739c89
    ```

    ## When to ignore
    Where nothing renews the digest: an old one keeps old vulnerabilities.

    ## Sources
    - Docker documentation, "Building best practices": pin base image versions; ossf/scorecard
      "Pinned-Dependencies"; hadolint/hadolint#773
    """

    code = "BAS105"
    name = "base-without-digest"
    severity = Severity.INFO
    optional = True
    keywords = frozenset({"FROM"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A base image by tag alone."""
        base = base_of(node, context)
        if base is not None and not base.digest and isinstance(node, From) and node.image is not None:
            message = f"`{base.text}` may be pushed again; a digest may not"
            yield self.at(node.image.span, message, fix=_pinned(node.image, base, context))


def _pinned(image: Word, base: BaseName, context: Context) -> Fix | None:
    """The digest that the tag has now, if it may be asked for; a name that variables make is left alone."""
    pins = context.settings.pins
    if pins is None or image.text != base.text:
        return None
    digest = pins.of_image(base.text)
    if digest is None:
        return None
    return Fix("pin it by digest", (insert(image.span.end, f"@{digest}"),), scope=Scope.CONFIG)
