"""USR103 user-by-name."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._users import created_users, is_root
from jettison.lint.source import Span
from jettison.lint.syntax import Word


class UserByName(Rule):
    """Flags a container user that is given by name, not by number.

    ## What it does
    Looks at the USER that the container starts with; users of other stages and those for a few RUN are
    nobody's concern. Root is the matter of `last-user-root`.

    ## Why is this bad?
    Kubernetes does not look into `/etc/passwd` of the image: with `runAsNonRoot` it refuses to start a user
    that it cannot tell from root. The owner of files on volumes is a number too.

    ## Example
    ```dockerfile
    RUN useradd --uid 10001 app
    USER app
    ```

    ## Use instead
    ```dockerfile
    RUN useradd --uid 10001 app
    USER 10001
    ```

    ## When to ignore
    When the image never runs in Kubernetes.

    ## Fix safety
    Safe: offered where the number is known from `useradd --uid` or from the base image; the engine finds the
    same group and home folder by number as by name.

    ## Sources
    - hadolint DL3066
    - Kubernetes documentation, "Configure a Security Context", `runAsNonRoot`
    """

    code = "USR103"
    name = "user-by-name"
    severity = Severity.INFO
    aliases = ("DL3066",)
    fixable = Applicability.SAFE

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """The USER that the container starts with."""
        node = stage.effective("USER") if stage is context.build.target else None
        if node is None or not node.words:
            return
        user = context.build.expand(node.words[0].text, node)
        name = (user or "").strip("\"'").partition(":")[0].strip()
        if not name or name.isdecimal() or is_root(name):
            return
        number = created_users(stage, context).get(name)
        fix = _fix(node.words[0], name, number) if number is not None and node.index >= 0 else None
        message = f"`{name}` is a name; Kubernetes cannot tell from it that it is not root"
        yield self.at(node.words[0].span, message, fix=fix)


def _fix(word: Word, name: str, number: int) -> Fix | None:
    if not word.text.startswith(name):
        return None
    place = Span(word.span.start, word.span.start + len(name))
    return Fix("use the number", (replace(place, str(number)),), Applicability.SAFE, Scope.CONFIG)
