"""LNG119 composer-cache-kept."""

from __future__ import annotations

from jettison.lint.fix import Applicability
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Severity
from jettison.lint.rules._packages import CacheCleaner, Store, below_home, called


class ComposerCacheKept(CacheCleaner):
    """Flags downloads of Composer that stay in a layer.

    ## What it does
    Looks in stages that ship for `composer install`, `require` and `create-project` in a RUN that neither
    empties the cache of Composer afterwards nor mounts one.

    ## Why is this bad?
    Composer keeps every archive that it downloads, beside what it unpacks. Nothing in the container reads
    them.

    ## Example
    ```dockerfile
    FROM composer:2.8.2
    COPY composer.json composer.lock ./
    RUN composer install --no-dev
    ```

    ## Use instead
    ```dockerfile
    FROM composer:2.8.2
    COPY composer.json composer.lock ./
    RUN composer install --no-dev && composer clear-cache
    ```

    ## When to ignore
    When the layers are squashed afterwards, or the folder is a volume.

    ## Fix safety
    Safe: a later RUN downloads again what it needs. Unsafe where one is to do without the network.

    ## Sources
    - Composer documentation, `clear-cache`, `COMPOSER_CACHE_DIR`
    """

    code = "LNG119"
    name = "composer-cache-kept"
    severity = Severity.INFO
    fixable = Applicability.SAFE
    store = Store(
        frozenset({"composer"}),
        frozenset({Verb.INSTALL, Verb.SYNC, Verb.UPGRADE}),
        below_home(".composer/cache", ".cache/composer", also=r"\A/tmp/cache\Z|COMPOSER_HOME\}?\"?/cache"),
        ("--no-cache",),
        ("COMPOSER_CACHE_DIR",),
    )

    def message(self, request: Action) -> str:
        """What stays."""
        return "Composer keeps its downloads in the layer"

    def cleaner(self, request: Action, context: Context) -> str | None:
        """The command of Composer itself."""
        program = called(request, context)
        return program and f"{program} clear-cache"
