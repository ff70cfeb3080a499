"""LNG131 npm-install-in-build."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.fix import Applicability, Fix, replace
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._locks import Lock, lock_of

_INSTALL: Final = frozenset({"install", "i", "in", "isntall"})
_OTHER: Final = ("-g", "--global", "--package-lock-only", "--no-package-lock", "--no-save", "--location")
"""Options with which `npm ci` would do something else."""


class NpmInstallInBuild(Rule):
    """Flags `npm install` where a lock file says what `npm ci` would install.

    ## What it does
    Looks for `npm install` without packages where package-lock.json is copied, or may be.

    ## Why is this bad?
    `npm install` is for working on a project: where package.json and the lock file differ it takes newer
    versions and writes the lock file anew, inside the image, where nobody sees it. `npm ci` installs
    exactly what is locked, stops where the two differ, and is faster.

    ## Example
    ```dockerfile
    FROM node:22.11.0-bookworm-slim
    COPY package.json package-lock.json ./
    RUN npm install
    ```

    ## Use instead
    ```dockerfile
    FROM node:22.11.0-bookworm-slim
    COPY package.json package-lock.json ./
    RUN npm ci
    ```

    ## When to ignore
    In images for development, which mount the project over what they install.

    ## Fix safety
    Unsafe: the build stops where lock file and package.json differ. Offered where the lock file is copied
    by its name.

    ## Sources
    - npm documentation, `npm ci`
    """

    code = "LNG131"
    name = "npm-install-in-build"
    severity = Severity.WARNING
    fixable = Applicability.UNSAFE
    managers = frozenset({"npm"})

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Installations of what the manifest lists."""
        if action.verb is not Verb.SYNC or action.word.text not in _INSTALL or action.command.has(*_OTHER):
            return
        lock = lock_of(action, context)
        if lock is not Lock.MISSING:
            message = f"`npm {action.word.text}` may install other versions than the lock file says"
            yield self.at(action.word.span, message, fix=_fix(action) if lock is Lock.THERE else None)


def _fix(action: Action) -> Fix | None:
    if not action.command.editable:
        return None
    return Fix("use npm ci", (replace(action.word.span, "ci"),), Applicability.UNSAFE)
