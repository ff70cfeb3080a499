"""PKG107 distribution-upgrade."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Finding, Rule, Severity


class DistributionUpgrade(Rule):
    """Flags an upgrade of the whole distribution inside a build: `apt-get dist-upgrade`, `zypper dup`.

    ## What it does
    Looks for `apt-get dist-upgrade`, `apt full-upgrade`, `zypper dist-upgrade` and `dnf distro-sync`.

    ## Why is this bad?
    It may remove packages to solve conflicts, and makes another system of the base image, in a layer on
    top of the old one. A newer base image has the same packages without the double weight.

    ## Example
    ```dockerfile
    FROM opensuse/leap:15.6
    RUN zypper --non-interactive dist-upgrade
    ```

    ## Use instead
    ```dockerfile
    FROM opensuse/leap:15.6
    RUN zypper --non-interactive install curl
    ```

    ## When to ignore
    When there is no newer base image, and a new release is needed.

    ## Sources
    - hadolint DL3005 and DL3035, trivy DS-0024, dockle DKL-DI-0003
    - apt-get(8), `dist-upgrade`; zypper(8), `dist-upgrade`
    """

    code = "PKG107"
    name = "distribution-upgrade"
    severity = Severity.WARNING
    aliases = ("DL3005", "DL3035", "DS-0024", "DS024", "DKL-DI-0003")
    managers = frozenset({"apt", "zypper", "dnf", "yum", "microdnf", "tdnf"})

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Upgrades of everything, with removals."""
        if action.verb is Verb.DIST_UPGRADE and not action.packages:
            message = f"`{action.word.text}` makes another system of the base image, and may remove packages"
            yield self.at(action.word.span, message)
