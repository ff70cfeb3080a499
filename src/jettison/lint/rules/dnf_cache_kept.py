"""PKG115 dnf-cache-kept."""

from __future__ import annotations

import re

from jettison.lint.fix import Applicability
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Severity
from jettison.lint.rules._packages import TAKES, CacheCleaner, Store, called


class DnfCacheKept(CacheCleaner):
    """Flags lists and packages of dnf, yum, microdnf and tdnf that stay in a layer.

    ## What it does
    Looks in stages that ship for installations and upgrades in a RUN that neither runs `clean all`
    afterwards, nor removes the folders in `/var/cache`, nor mounts a cache there.

    ## Why is this bad?
    The lists of the repositories are 20 to 200 MB that nothing in the container reads. Removing them in a
    later RUN only hides them.

    ## Example
    ```dockerfile
    FROM fedora:42
    RUN dnf install -y nginx
    ```

    ## Use instead
    ```dockerfile
    FROM fedora:42
    RUN dnf install -y nginx && dnf clean all
    ```

    ## When to ignore
    When the layers are squashed afterwards.

    ## Fix safety
    Safe: a later RUN downloads again what it needs. Unsafe where one is to do without the network.

    ## Sources
    - hadolint DL3032 and DL3040, trivy DS-0015, DS-0019 and DS-0027, KICS "Yum Clean All Missing"
    - dnf(8), `clean`
    """

    code = "PKG115"
    name = "dnf-cache-kept"
    severity = Severity.WARNING
    aliases = ("DL3032", "DL3040", "DS-0015", "DS015", "DS-0019", "DS019", "DS-0027", "DS027")
    fixable = Applicability.SAFE
    store = Store(
        frozenset({"dnf", "yum", "microdnf", "tdnf"}),
        TAKES | {Verb.REFRESH},
        re.compile(r"\A/var(?:/cache(?:/(?:dnf|yum|libdnf\d?|tdnf)(?:/.*)?)?)?\Z"),
        ("--installroot", "--downloadonly", "--cacheonly", "-C"),
    )

    def message(self, request: Action) -> str:
        """What stays."""
        return f"lists of `{request.command.name}` stay in the layer, some 20 to 200 MB that nothing reads"

    def cleaner(self, request: Action, context: Context) -> str | None:
        """The command of the program itself."""
        program = called(request, context)
        return program and f"{program} clean all"
