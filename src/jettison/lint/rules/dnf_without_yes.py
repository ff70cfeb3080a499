"""PKG112 dnf-without-yes."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.fix import Applicability
from jettison.lint.packages import Action
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._packages import asks, switched


class DnfWithoutYes(Rule):
    """Flags `dnf install`, `yum install` and their like without `-y`.

    ## What it does
    Looks for `dnf`, `yum`, `microdnf` and `tdnf` with `install`, `remove`, `upgrade` and their like, without
    `-y` or `--assumeyes`.

    ## Why is this bad?
    A build has no terminal. The program asks "Is this ok [y/N]", reads end of file, and the build stops with
    "Operation aborted".

    ## Example
    ```dockerfile
    FROM fedora:42
    RUN dnf install nginx && dnf clean all
    ```

    ## Use instead
    ```dockerfile
    FROM fedora:42
    RUN dnf install -y nginx && dnf clean all
    ```

    ## When to ignore
    When `assumeyes` is set in a configuration file that an earlier instruction copies in.

    ## Fix safety
    Safe: `-y` only answers a question that nobody could answer.

    ## Sources
    - hadolint DL3030 and DL3038, KICS "Missing Flag From Dnf Install" and "Yum Install Allows Manual Input"
    - dnf(8), `--assumeyes`
    """

    code = "PKG112"
    name = "dnf-without-yes"
    severity = Severity.WARNING
    aliases = ("DL3030", "DL3038")
    fixable = Applicability.SAFE
    managers = frozenset({"dnf", "yum", "microdnf", "tdnf"})

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Requests that ask, without an option that answers."""
        if not asks(action) or "assumeyes" in context.source.text:
            return
        message = (
            f"`{action.command.name} {action.word.text}` asks a question that nobody can answer in a build"
        )
        yield self.at(action.word.span, message, fix=switched(action, "-y"))
