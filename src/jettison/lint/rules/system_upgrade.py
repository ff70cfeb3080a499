"""PKG108 system-upgrade."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Finding, Rule, Severity


class SystemUpgrade(Rule):
    """Flags an upgrade of all packages of the base image: `apt-get upgrade`, `apk upgrade`, `yum update`.

    ## What it does
    Looks for `upgrade` and its like without package names. Off unless it is selected: teams that must ship
    security fixes before the base image has them want the upgrade.

    ## Why is this bad?
    What comes out depends on the day, and from the cache on a day long ago. The old files stay in the layers
    below. A newer base image has the same packages.

    ## Example
    ```dockerfile
    FROM alpine:3.20
    RUN apk upgrade --no-cache
    ```

    ## Use instead
    ```dockerfile
    FROM alpine:3.20.3
    RUN apk add --no-cache curl
    ```

    ## When to ignore
    When fixes cannot wait for the base image, and the build uses no cache for this layer.

    ## Sources
    - hadolint DL3017, DL3031 and DL3039 (since withdrawn), KICS "Package Manager Update"
    """

    code = "PKG108"
    name = "system-upgrade"
    severity = Severity.INFO
    aliases = ("DL3017", "DL3031", "DL3039")
    optional = True
    managers = frozenset({"apt", "apk", "dnf", "yum", "microdnf", "tdnf", "zypper", "pacman"})

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Upgrades without names."""
        if action.verb is Verb.UPGRADE and not action.packages:
            done = f"{action.command.name} {action.word.text}"
            yield self.at(action.word.span, f"what `{done}` brings depends on the day, and on the cache")
