"""LNG105 unpinned-crate."""

from __future__ import annotations

from jettison.lint.packages import Action
from jettison.lint.rule import Context, Severity
from jettison.lint.rules._pins import Unpinned


class UnpinnedCrate(Unpinned):
    """Flags Rust programs that `cargo install` takes in whatever version is the newest.

    ## What it does
    Looks for `cargo install name` and `cargo binstall name` without `@version` or `--version`. Sources from
    a folder or a repository (`--path`, `--git`) are left alone.

    ## Why is this bad?
    The next build may get another version, with another behaviour, and nobody has changed anything.

    ## Example
    ```dockerfile
    FROM rust:1.82.0-bookworm
    RUN cargo install --locked cargo-chef
    ```

    ## Use instead
    ```dockerfile
    FROM rust:1.82.0-bookworm
    RUN cargo install --locked cargo-chef@0.1.68
    ```

    ## When to ignore
    For tools of a build stage whose version does not reach the result.

    ## Sources
    - The Cargo Book, `cargo install`, `--version`
    """

    code = "LNG105"
    name = "unpinned-crate"
    severity = Severity.WARNING
    managers = frozenset({"cargo"})

    def settled(self, action: Action, context: Context) -> bool:
        """The version may stand behind an option; folders and repositories have none."""
        return action.command.has("--help", "--version", "--vers", "--path", "--git")
