"""PKG113 zypper-without-yes."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.fix import Applicability, Fix, insert
from jettison.lint.packages import Action
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._packages import asks


class ZypperWithoutYes(Rule):
    """Flags `zypper install` and its like that ask questions.

    ## What it does
    Looks for `zypper` with `install`, `remove`, `update`, `patch` or `dist-upgrade` without
    `--non-interactive` before the subcommand or `-y` behind it.

    ## Why is this bad?
    A build has no terminal. zypper asks "Continue? [y/n]", reads end of file, and the build stops.

    ## Example
    ```dockerfile
    FROM opensuse/leap:15.6
    RUN zypper install nginx && zypper clean --all
    ```

    ## Use instead
    ```dockerfile
    FROM opensuse/leap:15.6
    RUN zypper --non-interactive install nginx && zypper clean --all
    ```

    ## When to ignore
    Never.

    ## Fix safety
    Safe: `--non-interactive` only answers questions that nobody could answer.

    ## Sources
    - hadolint DL3034, KICS "Zypper Install Without Flag"
    - zypper(8), `--non-interactive`
    """

    code = "PKG113"
    name = "zypper-without-yes"
    severity = Severity.WARNING
    aliases = ("DL3034",)
    fixable = Applicability.SAFE
    managers = frozenset({"zypper"})

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Requests that ask, without an option that answers."""
        if asks(action):
            message = f"`zypper {action.word.text}` asks a question that nobody can answer in a build"
            yield self.at(action.word.span, message, fix=_fix(action))


def _fix(action: Action) -> Fix | None:
    if not action.command.editable:
        return None
    edit = insert(action.command.name_span.end, " --non-interactive")
    return Fix("add --non-interactive", (edit,))
