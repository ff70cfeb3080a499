"""LNG115 gem-cache-kept."""

from __future__ import annotations

import re

from jettison.lint.fix import Applicability
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Severity
from jettison.lint.rules._packages import CacheCleaner, Store, is_official


class GemCacheKept(CacheCleaner):
    """Flags downloaded gems that stay in a layer beside the installed ones.

    ## What it does
    Looks in stages that ship for `gem install`, and on the official `ruby` image for `bundle install`, in a
    RUN that does not remove the folder `cache` below the gems afterwards.

    ## Why is this bad?
    RubyGems keeps each `.gem` that it unpacks. Nothing in the container reads them.

    ## Example
    ```dockerfile
    FROM ruby:3.3.6-slim-bookworm
    RUN gem install foreman:0.88.1
    ```

    ## Use instead
    ```dockerfile
    FROM ruby:3.3.6-slim-bookworm
    RUN gem install foreman:0.88.1 && rm -rf "$(gem env gemdir)/cache"
    ```

    ## When to ignore
    When the layers are squashed afterwards, or the folder is a volume.

    ## Fix safety
    Safe: a later RUN downloads again what it needs. Unsafe where one is to do without the network.

    ## Sources
    - RubyGems guides, `gem env`
    """

    code = "LNG115"
    name = "gem-cache-kept"
    severity = Severity.INFO
    fixable = Applicability.SAFE
    store = Store(
        frozenset({"gem", "bundler"}),
        frozenset({Verb.INSTALL, Verb.SYNC}),
        re.compile(r"(?:gems?/[^/]*|bundle|gemdir\)|BUNDLE_PATH\S*|GEM_HOME\}?)\"?(?:/ruby/[^/]+)?/cache"),
        ("--deployment", "--path"),
        ("BUNDLE_PATH", "BUNDLE_DEPLOYMENT", "BUNDLE_CACHE_PATH"),
    )

    def chosen(self, found: list[Action]) -> list[Action]:
        """The last one whose folder is known."""
        return [item for item in found if item.manager.name == "gem" or _is_plain(item)][-1:]

    def message(self, request: Action) -> str:
        """What stays."""
        return f"`{request.command.name} install` keeps the downloaded gems in the layer"

    def cleaner(self, request: Action, context: Context) -> str | None:
        """Remove the archives; on the official image Bundler puts them where RubyGems does."""
        if request.manager.name == "gem":
            return 'rm -rf "$(gem env gemdir)/cache"'
        stage = context.build.stage_of(request.command.instruction)
        base = stage.root.base if stage is not None and is_official(stage) else None
        if base is None or base.short != "ruby":
            return None
        return "rm -rf /usr/local/bundle/cache"


def _is_plain(request: Action) -> bool:
    """Whether nothing in its RUN tells Bundler of another folder."""
    return "bundle config" not in request.command.instruction.line.text
