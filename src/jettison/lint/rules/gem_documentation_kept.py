"""LNG138 gem-documentation-kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.fix import Applicability
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._packages import switched

_WITHOUT: Final = ("--no-document", "-N", "--no-doc", "--no-rdoc", "--no-ri", "--document", "--help")


class GemDocumentationKept(Rule):
    """Flags `gem install` that also writes documentation into an image that ships.

    ## What it does
    Looks in stages that ship for `gem install` without `--no-document`. The official `ruby` image and others
    that write `no-document` into a gemrc are left alone.

    ## Why is this bad?
    RubyGems makes the documentation of each gem and its dependencies, which takes long, and megabytes that
    nobody reads in a container.

    ## Example
    ```dockerfile
    FROM debian:12.5
    RUN gem install foreman:0.88.1
    ```

    ## Use instead
    ```dockerfile
    FROM debian:12.5
    RUN gem install --no-document foreman:0.88.1
    ```

    ## When to ignore
    With RubyGems older than 2.0, which calls the option `--no-rdoc --no-ri`.

    ## Fix safety
    Safe: the gems are the same.

    ## Sources
    - RubyGems guides, `gem install`, `--no-document`
    """

    code = "LNG138"
    name = "gem-documentation-kept"
    severity = Severity.INFO
    fixable = Applicability.SAFE
    managers = frozenset({"gem"})

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Installations with documentation."""
        command = action.command
        stage = context.build.stage_of(command.instruction)
        if action.verb is not Verb.INSTALL or stage is None or not stage.ships or command.has(*_WITHOUT):
            return
        base = stage.root.base
        if base is None or "ruby" in base.short or "gemrc" in context.source.text:
            return
        message = "the documentation of the gems becomes part of the layer"
        yield self.at(action.word.span, message, fix=switched(action, "--no-document"))
