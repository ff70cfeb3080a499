"""LNG112 uv-cache-kept."""

from __future__ import annotations

from jettison.lint.fix import Applicability
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Severity
from jettison.lint.rules._packages import CacheSwitch, Store, below_home


class UvCacheKept(CacheSwitch):
    """Flags the cache of uv that stays in a layer.

    ## What it does
    Looks in stages that ship for `uv sync`, `uv pip install`, `uv add` and `uv tool install` without
    `--no-cache`, where neither `UV_NO_CACHE` is set, nor the cache removed in the same RUN, nor mounted.

    ## Why is this bad?
    `~/.cache/uv` holds lists of versions, built packages, and all files of wheels. Where uv can link those
    to the environment they count once; where it copies (another file system, `UV_LINK_MODE=copy`), twice.

    ## Example
    ```dockerfile
    FROM python:3.12.7-slim-bookworm
    RUN uv pip install --system gunicorn==23.0.0
    ```

    ## Use instead
    ```dockerfile
    FROM python:3.12.7-slim-bookworm
    RUN --mount=type=cache,target=/root/.cache/uv uv pip install --system gunicorn==23.0.0
    ```

    ## When to ignore
    When the layers are squashed afterwards, or the folder is a volume.

    ## Fix safety
    Safe: `--no-cache` is put behind the subcommand. What is installed is the same.

    ## Sources
    - uv documentation, "Using uv in Docker", "Caching"
    """

    code = "LNG112"
    name = "uv-cache-kept"
    severity = Severity.INFO
    fixable = Applicability.SAFE
    store = Store(
        frozenset({"uv"}),
        frozenset({Verb.INSTALL, Verb.SYNC}),
        below_home(".cache/uv"),
        ("--no-cache", "--no-cache-dir", "-n", "--cache-dir"),
        ("UV_NO_CACHE", "UV_CACHE_DIR"),
    )
    option = "--no-cache"

    def message(self, request: Action) -> str:
        """What stays."""
        return "uv keeps its cache in the layer"
