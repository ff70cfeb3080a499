"""LNG102 unpinned-javascript-package."""

from __future__ import annotations

from jettison.lint.rule import Severity
from jettison.lint.rules._pins import Unpinned


class UnpinnedJavascriptPackage(Unpinned):
    """Flags packages of npm, yarn, pnpm and bun that are installed without a version.

    ## What it does
    Looks for `npm install name`, `yarn add name`, `yarn global add name`, `pnpm add name` and `bun add name`
    without `@version`, or with a tag that moves (`@latest`, `@next`).

    ## Why is this bad?
    The next build may get another version, with another behaviour, and nobody has changed anything. A
    release that somebody has taken over reaches the image on its first day.

    ## Example
    ```dockerfile
    FROM node:22.11.0-bookworm-slim
    RUN npm install -g serve
    ```

    ## Use instead
    ```dockerfile
    FROM node:22.11.0-bookworm-slim
    RUN npm install -g serve@14.2.4
    ```

    ## When to ignore
    For tools of a build stage whose version does not reach the result.

    ## Sources
    - hadolint DL3016, KICS "NPM Install Command Without Pinned Version"
    - npm documentation, `npm install`
    """

    code = "LNG102"
    name = "unpinned-javascript-package"
    severity = Severity.WARNING
    aliases = ("DL3016",)
    managers = frozenset({"npm", "yarn", "pnpm", "bun"})
