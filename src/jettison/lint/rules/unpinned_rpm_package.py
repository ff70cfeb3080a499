"""PKG111 unpinned-rpm-package."""

from __future__ import annotations

from jettison.lint.packages import Action, Package
from jettison.lint.rule import Context, Severity
from jettison.lint.rules._pins import Unpinned


class UnpinnedRpmPackage(Unpinned):
    """Flags packages of dnf, yum, microdnf and zypper without a version.

    ## What it does
    Looks for `install name` without a version. Groups (`@development`) and modules are left alone. Off unless
    it is selected: most repositories drop old versions, and the build stops.

    ## Why is this bad?
    Two builds of the same file may hold different packages.

    ## Example
    ```dockerfile
    FROM fedora:40
    RUN dnf install -y nginx
    ```

    ## Use instead
    ```dockerfile
    FROM fedora:40
    RUN dnf install -y nginx-1.26.2
    ```

    ## When to ignore
    When packages come from a mirror that does not change.

    ## Sources
    - hadolint DL3033, DL3037 and DL3041, KICS "Yum Install Without Version"
    """

    code = "PKG111"
    name = "unpinned-rpm-package"
    severity = Severity.INFO
    aliases = ("DL3033", "DL3037", "DL3041")
    optional = True
    managers = frozenset({"dnf", "yum", "microdnf", "tdnf", "zypper"})

    def settled(self, action: Action, context: Context) -> bool:
        """Groups have no version."""
        return action.word.text not in ("install", "in", "reinstall")

    def is_open(self, package: Package) -> bool:
        """A group starts with `@`, a capability is a path or has parentheses."""
        return package.version is None and not package.name.startswith("@") and "(" not in package.name
