"""LNG101 unpinned-python-package."""

from __future__ import annotations

from jettison.lint.packages import Action
from jettison.lint.rule import Context, Severity
from jettison.lint.rules._pins import Unpinned


class UnpinnedPythonPackage(Unpinned):
    """Flags Python packages that are installed without a version.

    ## What it does
    Looks for `pip install name`, `uv pip install name`, `pipx install name` and `poetry add name` without a
    version or with a lower bound only (`name>=1`). Packages from a requirements file, under a constraints
    file or from a folder (`--no-index`) are left alone.

    ## Why is this bad?
    The next build may get another version, with another behaviour, and nobody has changed anything.

    ## Example
    ```dockerfile
    FROM python:3.12.7-slim-bookworm
    RUN pip install --no-cache-dir gunicorn
    ```

    ## Use instead
    ```dockerfile
    FROM python:3.12.7-slim-bookworm
    RUN pip install --no-cache-dir gunicorn==23.0.0
    ```

    ## When to ignore
    For tools of a build stage whose version does not reach the result.

    ## Sources
    - hadolint DL3013, slim ID.20018, KICS "Unpinned Package Version in Pip Install"
    - pip documentation, "Repeatable Installs"
    """

    code = "LNG101"
    name = "unpinned-python-package"
    severity = Severity.WARNING
    aliases = ("DL3013", "ID.20018")
    managers = frozenset({"pip", "uv", "pipx", "poetry", "pdm"})

    def settled(self, action: Action, context: Context) -> bool:
        """A constraints file or a folder of wheels says which versions are taken."""
        return super().settled(action, context) or action.command.has(
            "-c", "--constraint", "--constraints", "--no-index", "--exclude-newer"
        )
