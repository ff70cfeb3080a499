"""LNG120 poetry-cache-kept."""

from __future__ import annotations

from jettison.lint.fix import Applicability
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Severity
from jettison.lint.rules._packages import CacheCleaner, Store, below_home


class PoetryCacheKept(CacheCleaner):
    r"""Flags downloads of Poetry that stay in a layer.

    ## What it does
    Looks in stages that ship for `poetry install` and `poetry add` in a RUN that neither empties
    `~/.cache/pypoetry` afterwards nor mounts a cache there.

    ## Why is this bad?
    Poetry keeps every file that it downloads and every wheel that it builds. Nothing in the container reads
    them.

    ## Example
    ```dockerfile
    FROM python:3.12.7-slim-bookworm
    COPY pyproject.toml poetry.lock ./
    RUN poetry install --only main --no-root
    ```

    ## Use instead
    ```dockerfile
    FROM python:3.12.7-slim-bookworm
    COPY pyproject.toml poetry.lock ./
    RUN --mount=type=cache,target=/root/.cache/pypoetry/cache \
        --mount=type=cache,target=/root/.cache/pypoetry/artifacts \
        poetry install --only main --no-root
    ```

    ## When to ignore
    When the layers are squashed afterwards, or the folder is a volume.

    ## Fix safety
    Safe: a later RUN downloads again what it needs. Unsafe where one is to do without the network. The
    virtual environments in `~/.cache/pypoetry/virtualenvs` stay.

    ## Sources
    - Poetry documentation, "Configuration", `cache-dir`
    """

    code = "LNG120"
    name = "poetry-cache-kept"
    severity = Severity.INFO
    fixable = Applicability.SAFE
    store = Store(
        frozenset({"poetry"}),
        frozenset({Verb.INSTALL, Verb.SYNC}),
        below_home(".cache/pypoetry"),
        ("--no-cache",),
        ("POETRY_CACHE_DIR", "POETRY_NO_CACHE"),
    )

    def message(self, request: Action) -> str:
        """What stays."""
        return "Poetry keeps its downloads in the layer"

    def cleaner(self, request: Action, context: Context) -> str | None:
        """Remove all but the virtual environments."""
        return "rm -rf ~/.cache/pypoetry/cache ~/.cache/pypoetry/artifacts"
