"""PKG101 apt-get-without-yes."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.fix import Applicability, Fix, insert
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Finding, Rule, Severity

_ASKS = {Verb.INSTALL, Verb.REMOVE, Verb.UPGRADE, Verb.DIST_UPGRADE}


class AptGetWithoutYes(Rule):
    """Flags `apt-get install` and its like without `-y`.

    ## What it does
    Looks for `apt-get` or `apt` with `install`, `remove`, `purge`, `upgrade` or `dist-upgrade` and no
    option that answers its question (`-y`, `--yes`, `--assume-yes`, `-qq`).

    ## Why is this bad?
    A build has no terminal. When the request pulls in another package, apt asks "Do you want to
    continue?", reads end of file, and the build stops with "Abort". Whether it asks depends on what is
    installed already, so the build works today and breaks with the next base image.

    ## Example
    ```dockerfile
    RUN apt-get update && apt-get install --no-install-recommends curl
    ```

    ## Use instead
    ```dockerfile
    RUN apt-get update && apt-get install -y --no-install-recommends curl
    ```

    ## When to ignore
    When `APT::Get::Assume-Yes` is set in a configuration file that an earlier instruction copies in.

    ## Fix safety
    Safe: `-y` is inserted behind the subcommand and only answers a question that nobody could answer.

    ## Sources
    - hadolint DL3014, trivy DS-0021
    - apt-get(8), `-y, --yes, --assume-yes`
    """

    code = "PKG101"
    name = "apt-get-without-yes"
    severity = Severity.WARNING
    aliases = ("DL3014", "DS-0021", "DS021")
    fixable = Applicability.SAFE
    managers = frozenset({"apt"})

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Requests that ask, without an option that answers."""
        if action.verb not in _ASKS or action.assumes_yes or action.command.name == "aptitude":
            return
        if action.command.has("-s", "--dry-run", "--simulate", "--print-uris", "--just-print"):
            return
        if any("assume-yes" in arg.text.lower() for arg in action.command.args):
            return
        fix = None
        if action.command.editable:
            fix = Fix("add -y", (insert(action.word.span.end, " -y"),))
        message = (
            f"`{action.command.name} {action.word.text}` asks a question that nobody can answer in a build"
        )
        yield self.at(action.word.span, message, fix=fix)
