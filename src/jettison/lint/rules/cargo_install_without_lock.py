"""LNG136 cargo-install-without-lock."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.fix import Applicability
from jettison.lint.packages import Action
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._packages import switched


class CargoInstallWithoutLock(Rule):
    """Flags `cargo install` without `--locked`.

    ## What it does
    Looks for `cargo install` of a published program or a repository without `--locked` or `--frozen`.

    ## Why is this bad?
    A version of the program pins nothing below it: Cargo takes the newest release of each dependency that
    fits, not those in the Cargo.lock that the program was published with. Builds differ, and stop when a
    dependency asks for a newer compiler.

    ## Example
    ```dockerfile
    FROM rust:1.82.0-bookworm
    RUN cargo install cargo-chef@0.1.68
    ```

    ## Use instead
    ```dockerfile
    FROM rust:1.82.0-bookworm
    RUN cargo install --locked cargo-chef@0.1.68
    ```

    ## When to ignore
    When fixes in dependencies are wanted before the program takes them.

    ## Fix safety
    Unsafe: other, mostly older, versions of the dependencies are built in.

    ## Sources
    - The Cargo Book, `cargo install`, "Dealing with the Lockfile"
    """

    code = "LNG136"
    name = "cargo-install-without-lock"
    severity = Severity.INFO
    fixable = Applicability.UNSAFE
    managers = frozenset({"cargo"})

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Installations whose dependencies are left open."""
        if action.word.text != "install" or action.command.has("--locked", "--frozen", "--path", "--list"):
            return
        message = "takes the newest dependencies, not those that the program was published with"
        fix = switched(action, "--locked", applicability=Applicability.UNSAFE)
        yield self.at(action.word.span, message, fix=fix)
