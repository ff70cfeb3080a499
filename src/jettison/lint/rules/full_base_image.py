"""BAS113 full-base-image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._images import base_of, official


class FullBaseImage(Rule):
    """Flags shipped images on the full variant of a language image.

    ## What it does
    Looks in stages that ship for `python`, `node`, `ruby`, `perl`, `rust`, `golang` and `php` without
    `slim`, `alpine` or another small variant in the tag.

    ## Why is this bad?
    The full variants are made for building: compilers, headers, version control and image libraries make
    them five to ten times as large as the slim ones, and nearly all of it is vulnerable to something.

    ## Example
    ```dockerfile
    FROM python:3.12.4
    ```

    ## Use instead
    ```dockerfile
    FROM python:3.12.4-slim
    ```

    ## When to ignore
    When the application compiles at run time. `jettison slim` takes out what is not used.

    ## Sources
    - the pages of the images on Docker Hub, "Image Variants"
    """

    code = "BAS113"
    name = "full-base-image"
    severity = Severity.INFO
    preview = True

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """The variant for building, as what is shipped."""
        base = base_of(stage.node, context)
        if not stage.ships or base is None or stage.node.image is None or official(base) not in _LANGUAGES:
            return
        if re.match(r"v?\d", base.tag or "") and not _SMALL.search(base.tag or ""):
            yield self.at(
                stage.node.image.span, f"`{base.text}` holds compilers and headers; a slim variant does not"
            )


_LANGUAGES: Final = frozenset({"python", "node", "ruby", "perl", "rust", "golang", "php"})
_SMALL: Final = re.compile(r"slim|alpine|nanoserver|windowsservercore|fpm|apache|cli")
