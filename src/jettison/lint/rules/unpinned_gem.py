"""LNG103 unpinned-gem."""

from __future__ import annotations

from jettison.lint.packages import Action
from jettison.lint.rule import Context, Severity
from jettison.lint.rules._pins import Unpinned


class UnpinnedGem(Unpinned):
    """Flags gems that are installed without a version.

    ## What it does
    Looks for `gem install name` without `-v version` or `name:version`.

    ## Why is this bad?
    The next build may get another version, with another behaviour, and nobody has changed anything.

    ## Example
    ```dockerfile
    FROM ruby:3.3.6-slim-bookworm
    RUN gem install foreman
    ```

    ## Use instead
    ```dockerfile
    FROM ruby:3.3.6-slim-bookworm
    RUN gem install foreman:0.88.1
    ```

    ## When to ignore
    For tools of a build stage whose version does not reach the result.

    ## Sources
    - hadolint DL3028, KICS "Gem Install Without Version"
    - RubyGems guides, `gem install`
    """

    code = "LNG103"
    name = "unpinned-gem"
    severity = Severity.WARNING
    aliases = ("DL3028",)
    managers = frozenset({"gem"})

    def settled(self, action: Action, context: Context) -> bool:
        """One version may stand behind an option; `-v` is no question for help here."""
        return action.command.has("--help") or action.command.option_value("-v", "--version") is not None
