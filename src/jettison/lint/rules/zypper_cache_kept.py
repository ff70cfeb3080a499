"""PKG116 zypper-cache-kept."""

from __future__ import annotations

import re

from jettison.lint.fix import Applicability
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Severity
from jettison.lint.rules._packages import TAKES, CacheCleaner, Store


class ZypperCacheKept(CacheCleaner):
    """Flags lists and packages of zypper that stay in a layer.

    ## What it does
    Looks in stages that ship for `zypper install`, `update` and `refresh` in a RUN that neither runs
    `zypper clean` afterwards, nor removes `/var/cache/zypp`, nor mounts a cache there.

    ## Why is this bad?
    The lists of the repositories are tens of megabytes that nothing in the container reads. Removing them in
    a later RUN only hides them.

    ## Example
    ```dockerfile
    FROM opensuse/leap:15.6
    RUN zypper --non-interactive install nginx
    ```

    ## Use instead
    ```dockerfile
    FROM opensuse/leap:15.6
    RUN zypper --non-interactive install nginx && zypper clean --all
    ```

    ## When to ignore
    When the layers are squashed afterwards.

    ## Fix safety
    Safe: a later RUN downloads again what it needs. Unsafe where one is to do without the network.

    ## Sources
    - hadolint DL3036, trivy DS-0020
    - zypper(8), `clean`
    """

    code = "PKG116"
    name = "zypper-cache-kept"
    severity = Severity.WARNING
    aliases = ("DL3036", "DS-0020", "DS020")
    fixable = Applicability.SAFE
    store = Store(
        frozenset({"zypper"}),
        TAKES | {Verb.REFRESH},
        re.compile(r"\A/var(?:/cache(?:/zypp(?:/.*)?)?)?\Z"),
        ("--installroot", "--root"),
    )

    def message(self, request: Action) -> str:
        """What stays."""
        return "lists of zypper stay in the layer, tens of megabytes that nothing reads"

    def cleaner(self, request: Action, context: Context) -> str | None:
        """The command of zypper itself."""
        return "zypper clean --all"
