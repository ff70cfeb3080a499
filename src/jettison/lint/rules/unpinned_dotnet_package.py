"""LNG107 unpinned-dotnet-package."""

from __future__ import annotations

from jettison.lint.packages import Action
from jettison.lint.rule import Context, Severity
from jettison.lint.rules._pins import Unpinned


class UnpinnedDotnetPackage(Unpinned):
    """Flags .NET tools and packages that are installed without a version.

    ## What it does
    Looks for `dotnet tool install`, `dotnet add package` and `nuget install` without a version.

    ## Why is this bad?
    The next build may get another version, with another behaviour, and nobody has changed anything.

    ## Example
    ```dockerfile
    FROM mcr.microsoft.com/dotnet/sdk:8.0
    RUN dotnet tool install --global dotnet-trace
    ```

    ## Use instead
    ```dockerfile
    FROM mcr.microsoft.com/dotnet/sdk:8.0
    RUN dotnet tool install --global dotnet-trace --version 9.0.553101
    ```

    ## When to ignore
    For tools of a build stage whose version does not reach the result.

    ## Sources
    - .NET documentation, `dotnet tool install`, `--version`; NuGet documentation, `nuget install`
    """

    code = "LNG107"
    name = "unpinned-dotnet-package"
    severity = Severity.WARNING
    managers = frozenset({"dotnet", "nuget"})

    def settled(self, action: Action, context: Context) -> bool:
        """The version stands behind an option, or in a manifest."""
        if action.packages and action.packages[0].name.endswith("packages.config"):
            return True
        return action.command.option_value("--version", "-Version", "-version") is not None
