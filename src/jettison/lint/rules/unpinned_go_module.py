"""LNG104 unpinned-go-module."""

from __future__ import annotations

import re
from typing import Final

from jettison.lint.packages import Action, Package
from jettison.lint.rule import Severity
from jettison.lint.rules._pins import Unpinned

_IS_REMOTE: Final = re.compile(r"[\w-]+(?:\.[\w-]+)+/")


class UnpinnedGoModule(Unpinned):
    """Flags Go programs that are taken from the network without a version.

    ## What it does
    Looks for `go install`, `go get` and `go run` of a package of another module without `@version`, or with
    `@latest` or a branch.

    ## Why is this bad?
    The next build may get another version, with another behaviour, and nobody has changed anything. Without
    any `@` the command stops unless it stands in a module that already lists the package.

    ## Example
    ```dockerfile
    FROM golang:1.23.2-bookworm
    RUN go install golang.org/x/vuln/cmd/govulncheck@latest
    ```

    ## Use instead
    ```dockerfile
    FROM golang:1.23.2-bookworm
    RUN go install golang.org/x/vuln/cmd/govulncheck@v1.1.3
    ```

    ## When to ignore
    Where go.mod lists the package (`go install` of a tool of the module).

    ## Sources
    - hadolint DL3062
    - Go Modules Reference, `go install`, "Version queries"
    """

    code = "LNG104"
    name = "unpinned-go-module"
    severity = Severity.WARNING
    aliases = ("DL3062",)
    managers = frozenset({"go"})

    def named(self, action: Action) -> tuple[Package, ...]:
        """Import paths of other modules, which start with a host name; `go run` takes one, then its
        arguments. A tool of the own module (`go install tool`) has its version in go.mod."""
        if any(package.name == "tool" for package in action.packages[:1]):
            return ()
        packages = action.packages[:1] if action.word.text == "run" else action.packages
        return tuple(package for package in packages if _IS_REMOTE.match(package.name))
