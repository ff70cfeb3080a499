"""PKG110 unpinned-apk-package."""

from __future__ import annotations

from jettison.lint.packages import Package
from jettison.lint.rule import Severity
from jettison.lint.rules._pins import Unpinned


class UnpinnedApkPackage(Unpinned):
    """Flags packages of apk without a version.

    ## What it does
    Looks for `apk add name` without a version. Off unless it is selected, since the servers of Alpine
    keep one version for each branch: a branch in the tag of the base image says almost as much.

    ## Why is this bad?
    Two builds of the same file may hold different packages.

    ## Example
    ```dockerfile
    FROM alpine:3.20
    RUN apk add --no-cache curl
    ```

    ## Use instead
    ```dockerfile
    FROM alpine:3.20
    RUN apk add --no-cache curl=~8.9
    ```

    ## When to ignore
    When the base image names its branch, and fixes within it are welcome.

    ## Sources
    - hadolint DL3018, KICS "Unpinned Package Version in Apk Add"
    """

    code = "PKG110"
    name = "unpinned-apk-package"
    severity = Severity.INFO
    aliases = ("DL3018",)
    optional = True
    managers = frozenset({"apk"})

    def is_open(self, package: Package) -> bool:
        """What stands behind `@` is a repository."""
        return package.version is None or package.version.startswith("@")
