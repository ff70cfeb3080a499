"""PKG114 pacman-without-noconfirm."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.fix import Applicability
from jettison.lint.packages import Action
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._packages import asks, switched


class PacmanWithoutNoconfirm(Rule):
    """Flags `pacman -S` and its like without `--noconfirm`.

    ## What it does
    Looks for `pacman` that installs, upgrades or removes packages without `--noconfirm`.

    ## Why is this bad?
    A build has no terminal. pacman asks "Proceed with installation? [Y/n]", reads end of file, and the build
    stops.

    ## Example
    ```dockerfile
    FROM archlinux:base-20250101.0.295102
    RUN pacman -Syu nginx && rm -rf /var/cache/pacman/pkg/*
    ```

    ## Use instead
    ```dockerfile
    FROM archlinux:base-20250101.0.295102
    RUN pacman -Syu --noconfirm nginx && rm -rf /var/cache/pacman/pkg/*
    ```

    ## When to ignore
    When something is piped into it that answers.

    ## Fix safety
    Safe: `--noconfirm` only answers questions that nobody could answer.

    ## Sources
    - pacman(8), `--noconfirm`
    """

    code = "PKG114"
    name = "pacman-without-noconfirm"
    severity = Severity.WARNING
    fixable = Applicability.SAFE
    managers = frozenset({"pacman"})

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Requests that ask, without an option that answers."""
        if asks(action):
            message = f"`pacman {action.word.text}` asks a question that nobody can answer in a build"
            yield self.at(action.word.span, message, fix=switched(action, "--noconfirm"))
