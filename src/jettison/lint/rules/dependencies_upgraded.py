"""LNG135 dependencies-upgraded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.fix import Applicability, Fix, replace
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._locks import Lock, lock_of

_INSTALLS: Final = {
    "npm": "ci",
    "yarn": "install --frozen-lockfile",
    "pnpm": "install --frozen-lockfile",
    "composer": "install",
    "poetry": "install",
}
"""What installs the locked versions."""


class DependenciesUpgraded(Rule):
    """Flags updates of all dependencies inside a build.

    ## What it does
    Looks for `npm update`, `yarn upgrade`, `pnpm update`, `composer update`, `bundle update`,
    `poetry update`, `cargo update`, `gem update` and `conda update --all` without package names.

    ## Why is this bad?
    The lock file is there so that what runs is what was tested. The update takes the newest versions
    instead, others with each build, and no commit says when they changed.

    ## Example
    ```dockerfile
    FROM composer:2.8.2
    COPY composer.json composer.lock ./
    RUN composer update --no-dev
    ```

    ## Use instead
    ```dockerfile
    FROM composer:2.8.2
    COPY composer.json composer.lock ./
    RUN composer install --no-dev
    ```

    ## When to ignore
    In builds whose purpose is to test with the newest versions.

    ## Fix safety
    Unsafe: the locked versions are installed. Offered for managers that have a command for it, where the
    lock file is copied by its name.

    ## Sources
    - Composer documentation, `update` and `install`; npm documentation, `npm update`
    """

    code = "LNG135"
    name = "dependencies-upgraded"
    severity = Severity.WARNING
    fixable = Applicability.UNSAFE
    managers = frozenset(
        {"npm", "yarn", "pnpm", "composer", "bundler", "poetry", "pdm", "cargo", "gem", "conda"}
    )

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Updates without names."""
        command = action.command
        if action.verb is not Verb.UPGRADE or action.packages or command.has("-g", "--global", "--lock"):
            return
        done = f"{command.name} {action.word.text}"
        yield self.at(
            action.word.span, f"`{done}` goes beyond what is locked and tested", fix=_fix(action, context)
        )


def _fix(action: Action, context: Context) -> Fix | None:
    words = _INSTALLS.get(action.manager.name)
    if words is None or not action.command.editable or lock_of(action, context) is not Lock.THERE:
        return None
    return Fix("install what is locked", (replace(action.word.span, words),), Applicability.UNSAFE)
