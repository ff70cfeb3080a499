"""STG104 stage-name-casing."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.fix import Applicability, Edit, Fix, Scope, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._sources import within


class StageNameCasing(Rule):
    """Flags names of stages with capitals.

    ## What it does
    Looks for stages whose name is not all in small letters.

    ## Why is this bad?
    The builder turns the name into small letters: `Build` and `build` are one stage, and messages show
    another name than the file does.

    ## Example
    ```dockerfile
    FROM golang:1.22.4 AS Build
    FROM debian:12.5
    COPY --from=Build /go/bin/server /
    ```

    ## Use instead
    ```dockerfile
    FROM golang:1.22.4 AS build
    FROM debian:12.5
    COPY --from=build /go/bin/server /
    ```

    ## When to ignore
    Never; the fix is free.

    ## Fix safety
    Safe: the name and all that refer to it are changed, and the builder compares them without case.

    ## Sources
    - BuildKit StageNameCasing
    """

    code = "STG104"
    name = "stage-name-casing"
    severity = Severity.STYLE
    aliases = ("StageNameCasing",)
    fixable = Applicability.SAFE

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """A name with capitals."""
        alias = stage.node.alias
        if alias is None or alias.text == alias.text.lower() or "$" in alias.text:
            return
        edits = (replace(alias.span, stage.name), *_references(stage, context))
        fix = Fix(f"write {stage.name}", edits, scope=Scope.CONFIG)
        yield self.at(alias.span, f"the builder calls this stage `{stage.name}`", fix=fix)


def _references(stage: Stage, context: Context) -> Iterator[Edit]:
    """The same for FROM and COPY --from that mean this stage."""
    build = context.build
    for later in build.stages[stage.index + 1 :]:
        words = [
            later.node.image,
            *(word for node in later.instructions for _, word in build.source_names(node)),
        ]
        for word in words:
            if word is None or build.find_stage(word.text, before=later) is not stage:
                continue
            place = within(word.span, word.text, context)
            if place is not None and word.text != stage.name:
                yield replace(place, stage.name)
