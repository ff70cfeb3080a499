"""PKG109 unpinned-apt-package."""

from __future__ import annotations

from jettison.lint.packages import Action
from jettison.lint.rule import Context, Severity
from jettison.lint.rules._pins import Unpinned


class UnpinnedAptPackage(Unpinned):
    """Flags packages of apt without a version.

    ## What it does
    Looks for `apt-get install name` without `=version`. Packages from a snapshot of the archive
    (`snapshot.debian.org`, `snapshot.ubuntu.com`) are left alone. Off unless it is selected, since the
    servers of Debian and Ubuntu keep only the newest version of a release, and a build with an exact
    version stops with the next security fix.

    ## Why is this bad?
    Two builds of the same file may hold different packages.

    ## Example
    ```dockerfile
    RUN apt-get update && apt-get install -y curl
    ```

    ## Use instead
    ```dockerfile
    RUN apt-get update && apt-get install -y curl=7.88.1-10+deb12u8
    ```

    ## When to ignore
    When the base image is pinned by digest and packages come from a snapshot or a mirror.

    ## Sources
    - hadolint DL3008, KICS "Apt Get Install Pin Version Not Defined"
    """

    code = "PKG109"
    name = "unpinned-apt-package"
    severity = Severity.INFO
    aliases = ("DL3008",)
    optional = True
    managers = frozenset({"apt"})

    def settled(self, action: Action, context: Context) -> bool:
        """Dependencies of a source package have no versions; a snapshot of the archive settles all."""
        return action.word.text == "build-dep" or "snapshot." in context.source.text
