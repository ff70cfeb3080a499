"""LNG108 unpinned-conda-package."""

from __future__ import annotations

from jettison.lint.packages import Action
from jettison.lint.rule import Context, Severity
from jettison.lint.rules._pins import Unpinned


class UnpinnedCondaPackage(Unpinned):
    """Flags packages of conda, mamba and micromamba that are installed without a version.

    ## What it does
    Looks for `conda install name` and `conda create … name` without a version. Packages that a file lists
    are left alone.

    ## Why is this bad?
    The next build may get another version, with another behaviour, and nobody has changed anything.

    ## Example
    ```dockerfile
    FROM condaforge/miniforge3:24.9.0-0
    RUN conda install -y numpy && conda clean --all --yes
    ```

    ## Use instead
    ```dockerfile
    FROM condaforge/miniforge3:24.9.0-0
    RUN conda install -y numpy=2.1.3 && conda clean --all --yes
    ```

    ## When to ignore
    For tools of a build stage whose version does not reach the result.

    ## Sources
    - conda documentation, `conda install`, "Package match specifications"
    """

    code = "LNG108"
    name = "unpinned-conda-package"
    severity = Severity.INFO
    managers = frozenset({"conda"})

    def settled(self, action: Action, context: Context) -> bool:
        """A file lists the versions."""
        return super().settled(action, context) or action.command.has("-f", "--file")
