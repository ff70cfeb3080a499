"""LNG137 conda-without-yes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.fix import Applicability
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._packages import is_on, switched

_VARIABLES: Final = ("CONDA_ALWAYS_YES", "MAMBA_ALWAYS_YES")


class CondaWithoutYes(Rule):
    """Flags conda, mamba and micromamba without `-y`.

    ## What it does
    Looks for `install`, `create`, `update`, `remove` and `clean` without `-y` or `--yes`, where neither
    `CONDA_ALWAYS_YES` is set nor `always_yes` configured before.

    ## Why is this bad?
    The program asks "Proceed ([y]/n)?". A build has no terminal that could answer, and stops.

    ## Example
    ```dockerfile
    FROM condaforge/miniforge3:24.9.0-0
    RUN conda install numpy=2.1.3 && conda clean --all --yes
    ```

    ## Use instead
    ```dockerfile
    FROM condaforge/miniforge3:24.9.0-0
    RUN conda install -y numpy=2.1.3 && conda clean --all --yes
    ```

    ## When to ignore
    When a configuration file that is copied in sets `always_yes`.

    ## Fix safety
    Safe: `-y` only answers a question that nobody could answer.

    ## Sources
    - conda documentation, `conda install`, `--yes`
    """

    code = "LNG137"
    name = "conda-without-yes"
    severity = Severity.WARNING
    fixable = Applicability.SAFE
    managers = frozenset({"conda"})

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Requests that ask, with nothing that answers."""
        command = action.command
        if action.verb is Verb.SYNC or command.has("-y", "--yes", "--dry-run", "-d", "--help"):
            return
        if command.piped_from is not None or (command.redirects and command.redirects[0].operator == "<"):
            return
        if any(is_on(name, command, context) for name in _VARIABLES) or "always_yes" in context.source.text:
            return
        message = f"`{command.name} {action.word.text}` asks a question that nobody can answer in a build"
        yield self.at(action.word.span, message, fix=switched(action, "-y"))
