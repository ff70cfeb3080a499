"""LNG106 unpinned-composer-package."""

from __future__ import annotations

from typing import Final

from jettison.lint.packages import Action, Package
from jettison.lint.rule import Severity
from jettison.lint.rules._pins import Unpinned

_WITH_VERSION: Final = 3
"""Operands of `create-project` when the last one is a version."""


class UnpinnedComposerPackage(Unpinned):
    """Flags packages of Composer that are installed without a version.

    ## What it does
    Looks for `composer require vendor/name`, `composer global require vendor/name` and
    `composer create-project vendor/name` without a version.

    ## Why is this bad?
    The next build may get another version, with another behaviour, and nobody has changed anything.

    ## Example
    ```dockerfile
    FROM composer:2.8.2
    RUN composer global require phpstan/phpstan
    ```

    ## Use instead
    ```dockerfile
    FROM composer:2.8.2
    RUN composer global require phpstan/phpstan:1.12.7
    ```

    ## When to ignore
    For tools of a build stage whose version does not reach the result.

    ## Sources
    - Composer documentation, `require`, `create-project`
    """

    code = "LNG106"
    name = "unpinned-composer-package"
    severity = Severity.WARNING
    managers = frozenset({"composer"})

    def named(self, action: Action) -> tuple[Package, ...]:
        """`create-project` takes one package, then a folder and a version."""
        if action.word.text != "create-project":
            return action.packages
        return action.packages[:1] if len(action.packages) < _WITH_VERSION else ()
