"""LNG113 npm-cache-kept."""

from __future__ import annotations

from jettison.lint.fix import Applicability
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Severity
from jettison.lint.rules._packages import CacheCleaner, Store, below_home, called


class NpmCacheKept(CacheCleaner):
    """Flags downloads of npm that stay in a layer.

    ## What it does
    Looks in stages that ship for `npm ci` and `npm install` in a RUN that neither empties `~/.npm`
    afterwards nor mounts a cache there.

    ## Why is this bad?
    npm keeps every archive that it downloads, beside the packages it unpacks. Nothing in the container reads
    them.

    ## Example
    ```dockerfile
    FROM node:22.11.0-bookworm-slim
    COPY package.json package-lock.json ./
    RUN npm ci --omit=dev
    ```

    ## Use instead
    ```dockerfile
    FROM node:22.11.0-bookworm-slim
    COPY package.json package-lock.json ./
    RUN npm ci --omit=dev && npm cache clean --force
    ```

    ## When to ignore
    When the layers are squashed afterwards, or the folder is a volume.

    ## Fix safety
    Safe: a later RUN downloads again what it needs. Unsafe where one is to do without the network.

    ## Sources
    - npm documentation, `npm cache`
    """

    code = "LNG113"
    name = "npm-cache-kept"
    severity = Severity.INFO
    fixable = Applicability.SAFE
    store = Store(
        frozenset({"npm"}),
        frozenset({Verb.INSTALL, Verb.SYNC, Verb.UPGRADE}),
        below_home(".npm"),
        ("--cache",),
        ("NPM_CONFIG_CACHE", "npm_config_cache"),
    )

    def message(self, request: Action) -> str:
        """What stays."""
        return "npm keeps its downloads in `~/.npm`, in the layer"

    def cleaner(self, request: Action, context: Context) -> str | None:
        """The command of npm itself."""
        program = called(request, context)
        return program and f"{program} cache clean --force"
