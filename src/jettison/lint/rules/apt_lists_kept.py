"""PKG104 apt-lists-kept."""

from __future__ import annotations

import re
from typing import cast

from jettison.lint.fix import Applicability, Fix
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Severity
from jettison.lint.rules._building import REACH
from jettison.lint.rules._packages import (
    TAKES,
    CacheKept,
    Store,
    appended,
    is_opaque,
    refreshes_before,
    runs_behind,
)
from jettison.lint.rules._requests import requests
from jettison.lint.syntax import Instruction


class AptListsKept(CacheKept):
    r"""Flags package lists of apt that stay in a layer.

    ## What it does
    Looks in stages that ship for `apt-get update` in a RUN that does not remove `/var/lib/apt/lists`
    afterwards and mounts no cache there.

    ## Why is this bad?
    The lists are 20 to 50 MB that nothing in the container reads. Removing them in a later RUN only hides
    them.

    ## Example
    ```dockerfile
    RUN apt-get update && apt-get install -y --no-install-recommends curl
    ```

    ## Use instead
    ```dockerfile
    RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*
    ```

    ## When to ignore
    When the layers are squashed afterwards.

    ## Fix safety
    Safe where nothing behind it needs the lists: the removal is put at the end of the RUN. Unsafe where a
    later RUN calls a script that may install packages. None is offered where a later RUN installs without
    an update of its own.

    ## Sources
    - hadolint DL3009, dockle DKL-DI-0005, KICS "Apt Get Install Lists Were Not Deleted"
    - Docker documentation, "Building best practices", apt-get
    """

    code = "PKG104"
    name = "apt-lists-kept"
    severity = Severity.INFO
    aliases = ("DL3009", "DKL-DI-0005")
    fixable = Applicability.SAFE
    store = Store(
        frozenset({"apt"}),
        frozenset({Verb.REFRESH}),
        re.compile(r"\A/var(?:/lib(?:/apt(?:/lists(?:/.*)?)?)?)?\Z"),
        cleans=frozenset({"distclean", "dist-clean"}),
    )

    def message(self, request: Action) -> str:
        """What stays."""
        return "the package lists stay in the layer, some 20 to 50 MB that nothing reads"

    def fix(self, request: Action, context: Context) -> Fix | None:
        """Remove the lists at the end of the RUN."""
        rights = _needed(request, context)
        if rights is None:
            return None
        return appended(request, "rm -rf /var/lib/apt/lists/*", context, applicability=rights)


def _needed(request: Action, context: Context) -> Applicability | None:
    """How safe it is that the lists are gone behind a RUN; None if a later RUN surely needs them."""
    behind = list(runs_behind(request, context))
    opaque = len(behind) >= REACH  # there may be more
    for node in behind:
        reads, hides = _reads(node, context)
        if reads:
            return None
        opaque = opaque or hides
    return Applicability.UNSAFE if opaque else Applicability.SAFE


def _reads(node: Instruction, context: Context) -> tuple[bool, bool]:
    """Whether a RUN installs from lists it did not download, and whether it may do so unseen."""
    cache = cast("dict[int, tuple[bool, bool]]", context.scratch.setdefault("reads-lists", {}))
    if node.index not in cache:
        takes = (item for item in requests(node, context) if item.manager.name == "apt")
        reads = any(item.verb in TAKES and not refreshes_before(item, context) for item in takes)
        hides = any(is_opaque(item) for item in context.build.commands(node))
        cache[node.index] = reads, hides
    return cache[node.index]
