"""PKG117 apk-cache-kept."""

from __future__ import annotations

import re

from jettison.lint.fix import Applicability, Fix
from jettison.lint.packages import Action, Verb, action
from jettison.lint.rule import Context, Severity
from jettison.lint.rules._packages import CacheKept, Store, switched
from jettison.lint.rules._script import following, removal


class ApkCacheKept(CacheKept):
    """Flags lists of apk that stay in a layer.

    ## What it does
    Looks in stages that ship for `apk add` and `apk upgrade` without `--no-cache`, and for `apk update`, in
    a RUN that neither removes `/var/cache/apk` afterwards nor mounts a cache there.

    ## Why is this bad?
    The lists of a branch are some 3 MB that nothing in the container reads, much beside a base of 8 MB. With
    `--no-cache` they are fetched, used and not written, so `apk update` is not needed either.

    ## Example
    ```dockerfile
    FROM alpine:3.22
    RUN apk update && apk add curl
    ```

    ## Use instead
    ```dockerfile
    FROM alpine:3.22
    RUN apk add --no-cache curl
    ```

    ## When to ignore
    When the layers are squashed afterwards.

    ## Fix safety
    Safe: `--no-cache` is put behind the subcommand, and an `apk update` that nothing needs any more is taken
    out. apk fetches the lists by itself.

    ## Sources
    - hadolint DL3019, trivy DS-0025, dockle DKL-DI-0004, KICS "Apk Add Using Local Cache Path"
    - apk(8), `--no-cache`
    """

    code = "PKG117"
    name = "apk-cache-kept"
    severity = Severity.INFO
    aliases = ("DL3019", "DS-0025", "DS025", "DKL-DI-0004")
    fixable = Applicability.SAFE
    store = Store(
        frozenset({"apk"}),
        frozenset({Verb.INSTALL, Verb.UPGRADE, Verb.REFRESH}),
        re.compile(r"\A(?:/var(?:/cache(?:/apk(?:/.*)?)?)?|/etc/apk/cache)\Z"),
        ("--no-cache", "--no-network", "--cache-dir", "--root", "-p"),
    )

    def chosen(self, found: list[Action]) -> list[Action]:
        """Those that can do without the lists; `apk update` when there is none of them."""
        return [item for item in found if item.verb is not Verb.REFRESH] or found[-1:]

    def message(self, request: Action) -> str:
        """What stays."""
        return f"the lists that `apk {request.word.text}` fetches stay in the layer"

    def fix(self, request: Action, context: Context) -> Fix | None:
        """Add the option, or take `apk update` out."""
        if request.verb is not Verb.REFRESH:
            return switched(request, "--no-cache")
        edit = removal(request.command) if _is_needless(request, context) else None
        return None if edit is None else Fix("leave `apk update` out", (edit,))


def _is_needless(request: Action, context: Context) -> bool:
    """Whether a request of the same RUN fetches the lists by itself."""
    behind = map(action, following(request.command, context.build))
    return any(
        item is not None and item.manager.name == "apk" and item.verb is Verb.INSTALL for item in behind
    )
