"""LNG121 nuget-cache-kept."""

from __future__ import annotations

from jettison.lint.fix import Applicability
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Severity
from jettison.lint.rules._packages import CacheCleaner, Store, below_home, called


class NugetCacheKept(CacheCleaner):
    r"""Flags packages that `dotnet tool install` downloaded and that stay in a layer.

    ## What it does
    Looks in stages that ship for `dotnet tool install` in a RUN that neither empties the folders of NuGet
    afterwards nor mounts a cache there.

    ## Why is this bad?
    The tool is unpacked twice: once where it runs, once in `~/.nuget/packages`.

    ## Example
    ```dockerfile
    FROM mcr.microsoft.com/dotnet/sdk:8.0
    RUN dotnet tool install --global dotnet-trace --version 9.0.553101
    ```

    ## Use instead
    ```dockerfile
    FROM mcr.microsoft.com/dotnet/sdk:8.0
    RUN dotnet tool install --global dotnet-trace --version 9.0.553101 \
        && dotnet nuget locals all --clear
    ```

    ## When to ignore
    When the layers are squashed afterwards, or the folder is a volume.

    ## Fix safety
    Safe: a later RUN downloads again what it needs. Unsafe where one is to do without the network.

    ## Sources
    - .NET documentation, `dotnet nuget locals`
    """

    code = "LNG121"
    name = "nuget-cache-kept"
    severity = Severity.INFO
    fixable = Applicability.SAFE
    store = Store(
        frozenset({"dotnet"}),
        frozenset({Verb.INSTALL}),
        below_home(".nuget/packages", ".local/share/NuGet"),
        variables=("NUGET_PACKAGES",),
    )

    def message(self, request: Action) -> str:
        """What stays."""
        return "NuGet keeps a second copy of the tool in the layer"

    def cleaner(self, request: Action, context: Context) -> str | None:
        """The command of dotnet itself."""
        program = called(request, context)
        return program and f"{program} nuget locals all --clear"
