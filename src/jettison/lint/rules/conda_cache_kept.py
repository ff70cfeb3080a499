"""LNG118 conda-cache-kept."""

from __future__ import annotations

import re

from jettison.lint.fix import Applicability
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Severity
from jettison.lint.rules._packages import CacheCleaner, Store, called


class CondaCacheKept(CacheCleaner):
    """Flags archives and unused packages of conda that stay in a layer.

    ## What it does
    Looks in stages that ship for `conda install`, `conda create`, `conda env create` and their like with
    mamba and micromamba, in a RUN that neither runs `conda clean` afterwards nor mounts a cache.

    ## Why is this bad?
    conda keeps the archive of every package beside what it unpacked. Nothing in the container reads them.

    ## Example
    ```dockerfile
    FROM condaforge/miniforge3:24.9.0-0
    RUN conda install -y numpy=2.1.3
    ```

    ## Use instead
    ```dockerfile
    FROM condaforge/miniforge3:24.9.0-0
    RUN conda install -y numpy=2.1.3 && conda clean --all --yes
    ```

    ## When to ignore
    When the layers are squashed afterwards, or the folder is a volume.

    ## Fix safety
    Safe: a later RUN downloads again what it needs. Unsafe where one is to do without the network.

    ## Sources
    - conda documentation, `conda clean`
    """

    code = "LNG118"
    name = "conda-cache-kept"
    severity = Severity.WARNING
    fixable = Applicability.SAFE
    store = Store(
        frozenset({"conda"}),
        frozenset({Verb.INSTALL, Verb.SYNC, Verb.UPGRADE}),
        re.compile(r"/pkgs\"?\Z"),
        variables=("CONDA_PKGS_DIRS",),
    )

    def message(self, request: Action) -> str:
        """What stays."""
        return f"`{request.command.name}` keeps archives of all packages in the layer"

    def cleaner(self, request: Action, context: Context) -> str | None:
        """The command of the program itself."""
        program = called(request, context)
        return program and f"{program} clean --all --yes"
