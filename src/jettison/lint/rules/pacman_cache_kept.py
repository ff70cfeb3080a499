"""PKG118 pacman-cache-kept."""

from __future__ import annotations

import re

from jettison.lint.fix import Applicability
from jettison.lint.packages import Action
from jettison.lint.rule import Context, Severity
from jettison.lint.rules._packages import TAKES, CacheCleaner, Store


class PacmanCacheKept(CacheCleaner):
    """Flags packages of pacman that stay in a layer beside what was installed from them.

    ## What it does
    Looks in stages that ship for `pacman -S` and `-Su` in a RUN that neither empties
    `/var/cache/pacman/pkg` afterwards nor mounts a cache there.

    ## Why is this bad?
    pacman keeps the archive of every package that it installs. Nothing in the container reads them.

    ## Example
    ```dockerfile
    FROM archlinux:base-20250101.0.295102
    RUN pacman -Syu --noconfirm nginx
    ```

    ## Use instead
    ```dockerfile
    FROM archlinux:base-20250101.0.295102
    RUN pacman -Syu --noconfirm nginx && rm -rf /var/cache/pacman/pkg/*
    ```

    ## When to ignore
    When the layers are squashed afterwards.

    ## Fix safety
    Safe: a later RUN downloads again what it needs. Unsafe where one is to do without the network.

    ## Sources
    - pacman(8), `--clean`
    """

    code = "PKG118"
    name = "pacman-cache-kept"
    severity = Severity.WARNING
    fixable = Applicability.SAFE
    store = Store(
        frozenset({"pacman"}),
        TAKES,
        re.compile(r"\A/var(?:/cache(?:/pacman(?:/pkg(?:/.*)?)?)?)?\Z"),
    )

    def message(self, request: Action) -> str:
        """What stays."""
        return "pacman keeps the archives of all packages in the layer"

    def cleaner(self, request: Action, context: Context) -> str | None:
        """Remove the archives: `-Scc --noconfirm` answers its own question with no."""
        return "rm -rf /var/cache/pacman/pkg/*"
