"""LNG114 yarn-cache-kept."""

from __future__ import annotations

import re
from typing import Final

from jettison.lint.fix import Applicability, Fix
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Severity
from jettison.lint.rules._packages import CacheKept, Store, appended, below_home

_MODERN: Final = re.compile(r"\bcorepack\b|\.yarn\b|yarnrc\.yml|yarn set version|\byarn workspaces focus\b")


class YarnCacheKept(CacheKept):
    """Flags downloads of yarn that stay in a layer.

    ## What it does
    Looks in stages that ship for `yarn install` and `yarn add` in a RUN that does not run
    `yarn cache clean` afterwards and mounts no cache. It is silent where the file shows signs of yarn 2 or
    newer, whose cache may be what the program runs from.

    ## Why is this bad?
    yarn keeps every package that it downloads, beside those it unpacks. Nothing in the container reads them.

    ## Example
    ```dockerfile
    FROM node:22.11.0-bookworm-slim
    COPY package.json yarn.lock ./
    RUN yarn install --frozen-lockfile --production
    ```

    ## Use instead
    ```dockerfile
    FROM node:22.11.0-bookworm-slim
    COPY package.json yarn.lock ./
    RUN yarn install --frozen-lockfile --production && yarn cache clean
    ```

    ## When to ignore
    With yarn 2 and newer. When the layers are squashed afterwards, or the folder is a volume.

    ## Fix safety
    Unsafe: with yarn 2 and newer, and Plug'n'Play, packages are loaded out of the cache.

    ## Sources
    - hadolint DL3060
    - yarn documentation, `yarn cache clean`
    """

    code = "LNG114"
    name = "yarn-cache-kept"
    severity = Severity.INFO
    aliases = ("DL3060",)
    fixable = Applicability.UNSAFE
    store = Store(
        frozenset({"yarn"}),
        frozenset({Verb.INSTALL, Verb.SYNC, Verb.UPGRADE}),
        below_home(".cache/yarn", ".yarn/cache", also=r"\A/usr/local/share/\.cache(?:/yarn.*)?\Z"),
        ("--cache-folder", "--immutable", "--immutable-cache"),
        ("YARN_CACHE_FOLDER",),
    )

    def chosen(self, found: list[Action]) -> list[Action]:
        """The last one, if it looks like yarn 1."""
        return [item for item in found[-1:] if not _MODERN.search(item.command.instruction.line.text)]

    def message(self, request: Action) -> str:
        """What stays."""
        return "yarn keeps its downloads in the layer"

    def fix(self, request: Action, context: Context) -> Fix | None:
        """The command of yarn itself, where nothing speaks of a newer yarn."""
        if _MODERN.search(context.source.text):
            return None
        return appended(request, "yarn cache clean", context, applicability=Applicability.UNSAFE)
