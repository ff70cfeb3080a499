"""LNG117 cargo-registry-kept."""

from __future__ import annotations

from jettison.lint.fix import Applicability
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Severity
from jettison.lint.rules._packages import CacheCleaner, Store, below_home


class CargoRegistryKept(CacheCleaner):
    """Flags sources that `cargo install` downloaded and that stay in a layer.

    ## What it does
    Looks in stages that ship for `cargo install` of a published program in a RUN that neither removes the
    registry below `CARGO_HOME` afterwards nor mounts a cache there.

    ## Why is this bad?
    The registry holds archives and sources of every dependency, hundreds of megabytes beside one program.

    ## Example
    ```dockerfile
    FROM rust:1.82.0-bookworm
    RUN cargo install --locked cargo-chef@0.1.68
    ```

    ## Use instead
    ```dockerfile
    FROM rust:1.82.0-bookworm
    RUN cargo install --locked cargo-chef@0.1.68 && rm -rf "${CARGO_HOME:-$HOME/.cargo}/registry"
    ```

    ## When to ignore
    In images for development, which use the registry.

    ## Fix safety
    Safe: a later RUN downloads again what it needs. Unsafe where one is to do without the network.

    ## Sources
    - The Cargo Book, "Cargo Home"
    """

    code = "LNG117"
    name = "cargo-registry-kept"
    severity = Severity.INFO
    fixable = Applicability.SAFE
    store = Store(
        frozenset({"cargo"}),
        frozenset({Verb.INSTALL}),
        below_home(".cargo/registry", also=r"\A/usr/local/cargo/registry|CARGO_HOME.*/registry"),
        ("--path",),
    )

    def message(self, request: Action) -> str:
        """What stays."""
        return "sources of all dependencies stay in the layer beside the program"

    def cleaner(self, request: Action, context: Context) -> str | None:
        """Remove the registry."""
        return 'rm -rf "${CARGO_HOME:-$HOME/.cargo}/registry"'
