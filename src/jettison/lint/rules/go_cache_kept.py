"""LNG116 go-cache-kept."""

from __future__ import annotations

from jettison.lint.fix import Applicability
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Severity
from jettison.lint.rules._packages import CacheCleaner, Store, below_home, called


class GoCacheKept(CacheCleaner):
    """Flags what Go downloaded and compiled to install a program, and that stays in a layer.

    ## What it does
    Looks in stages that ship for `go install` and `go get` in a RUN that neither empties the caches of Go
    afterwards nor mounts them.

    ## Why is this bad?
    `/go/pkg/mod` and `~/.cache/go-build` hold the sources of all modules and every compiled package,
    hundreds of megabytes beside one program.

    ## Example
    ```dockerfile
    FROM golang:1.23.2-bookworm
    RUN go install golang.org/x/vuln/cmd/govulncheck@v1.1.3
    ```

    ## Use instead
    ```dockerfile
    FROM golang:1.23.2-bookworm
    RUN go install golang.org/x/vuln/cmd/govulncheck@v1.1.3 && go clean -cache -modcache
    ```

    ## When to ignore
    In images for development, which use the caches.

    ## Fix safety
    Safe: a later RUN downloads again what it needs. Unsafe where one is to do without the network.

    ## Sources
    - Go documentation, `go clean`, "Build and test caching"
    """

    code = "LNG116"
    name = "go-cache-kept"
    severity = Severity.INFO
    fixable = Applicability.SAFE
    store = Store(
        frozenset({"go"}),
        frozenset({Verb.INSTALL}),
        below_home(".cache/go-build", also=r"\A/go/pkg(?:/mod.*)?\Z|GOPATH\}?\"?/pkg"),
    )

    def chosen(self, found: list[Action]) -> list[Action]:
        """Programs of other modules."""
        return [item for item in found if any(package.version for package in item.packages)][-1:]

    def message(self, request: Action) -> str:
        """What stays."""
        return "sources and compiled packages of Go stay in the layer beside the program"

    def cleaner(self, request: Action, context: Context) -> str | None:
        """The command of Go itself."""
        program = called(request, context)
        return program and f"{program} clean -cache -modcache"
