"""LNG111 pip-cache-kept."""

from __future__ import annotations

from jettison.lint.fix import Applicability
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Severity
from jettison.lint.rules._packages import CacheSwitch, Store, below_home


class PipCacheKept(CacheSwitch):
    """Flags downloads of pip that stay in a layer.

    ## What it does
    Looks in stages that ship for `pip install`, `pip download` and `pip wheel` without `--no-cache-dir`,
    where neither `PIP_NO_CACHE_DIR` is set, nor the cache removed in the same RUN, nor mounted.

    ## Why is this bad?
    pip keeps every file that it downloads and every wheel that it builds in `~/.cache/pip`, beside what it
    installs. Nothing in the container reads them; the image grows by the size of the packages, compressed.

    ## Example
    ```dockerfile
    FROM python:3.12.7-slim-bookworm
    RUN pip install gunicorn==23.0.0
    ```

    ## Use instead
    ```dockerfile
    FROM python:3.12.7-slim-bookworm
    RUN pip install --no-cache-dir gunicorn==23.0.0
    ```

    ## When to ignore
    When the layers are squashed afterwards, or the folder is a volume.

    ## Fix safety
    Safe: `--no-cache-dir` is put behind the subcommand. What is installed is the same.

    ## Sources
    - hadolint DL3042, KICS "Pip install Keeping Cached Packages"
    - pip documentation, "Caching"
    """

    code = "LNG111"
    name = "pip-cache-kept"
    severity = Severity.WARNING
    aliases = ("DL3042",)
    fixable = Applicability.SAFE
    store = Store(
        frozenset({"pip"}),
        frozenset({Verb.INSTALL, Verb.SYNC, Verb.DOWNLOAD}),
        below_home(".cache/pip"),
        ("--no-cache-dir", "--cache-dir", "--no-cache", "--no-index"),
        ("PIP_NO_CACHE_DIR", "PIP_CACHE_DIR"),
    )
    option = "--no-cache-dir"

    def message(self, request: Action) -> str:
        """What stays."""
        return f"`{request.command.name} {request.word.text}` keeps its downloads in the layer"
