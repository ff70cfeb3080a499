"""LNG133 lock-file-not-copied."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from jettison.lint.fix import Applicability, Fix, Scope, insert
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._locks import PROJECTS, Lock, lock_of, manifest_copy
from jettison.lint.syntax import Transfer, Word


class LockFileNotCopied(Rule):
    """Flags a manifest that is copied without its lock file before packages are installed.

    ## What it does
    Looks for installations of what package.json, Gemfile, composer.json, pyproject.toml, Pipfile or
    Cargo.toml lists, where that file is copied by its name and the lock file is not copied at all.

    ## Why is this bad?
    The package manager then takes the newest versions that the manifest allows: others than those that were
    tested, and others with each build.

    ## Example
    ```dockerfile
    FROM node:22.11.0-bookworm-slim
    COPY package.json ./
    RUN npm install
    ```

    ## Use instead
    ```dockerfile
    FROM node:22.11.0-bookworm-slim
    COPY package.json package-lock.json ./
    RUN npm ci
    ```

    ## When to ignore
    When the project has no lock file on purpose.

    ## Fix safety
    Unsafe: the locked versions are installed. The lock file is named with `*`, so that a project without one
    still builds.

    ## Sources
    - npm documentation, package-lock.json; Docker documentation, "Optimize cache usage in builds"
    """

    code = "LNG133"
    name = "lock-file-not-copied"
    severity = Severity.WARNING
    fixable = Applicability.UNSAFE
    managers = frozenset(PROJECTS)

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Installations behind a COPY that leaves the lock file out."""
        if action.verb is not Verb.SYNC or lock_of(action, context) is not Lock.MISSING:
            return
        copy = manifest_copy(action, context)
        if copy is not None:
            node, word = copy
            lock = PROJECTS[action.manager.name].locks[0]
            message = f"without `{lock}`, `{action.command.name}` takes the newest versions that fit"
            yield self.at(word.span, message, fix=_fix(node, word, lock))


def _fix(node: Transfer, word: Word, lock: str) -> Fix | None:
    target = node.destination.text if node.destination is not None else ""
    if node.json or node.index < 0 or not (target.endswith("/") or target in (".", "..")):
        return None
    path = posixpath.join(posixpath.dirname(word.text), f"{lock}*")
    edit = insert(word.span.end, f" {path}")
    return Fix(f"copy {lock} too", (edit,), Applicability.UNSAFE, Scope.CONFIG)
