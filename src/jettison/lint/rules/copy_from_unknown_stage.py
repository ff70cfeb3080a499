"""STG107 copy-from-unknown-stage."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._sources import Origin, is_image, origins, within


class CopyFromUnknownStage(Rule):
    """Flags `--from` that names no earlier stage.

    ## What it does
    Looks up the `from` of COPY and of RUN --mount. Reported are numbers of stages that there are not,
    stages that come later or are misspelt, and variables, which BuildKit does not replace there. A name
    that is like no stage is taken for an image or for a context that the call names.

    ## Why is this bad?
    The builder then looks for an image of that name: the build stops, or takes files from a stranger's
    image on Docker Hub.

    ## Example
    ```dockerfile
    FROM golang:1.22.4 AS builder
    RUN go build -o /server .
    FROM debian:12.5
    COPY --from=bulider /server /
    ```

    ## Use instead
    ```dockerfile
    FROM golang:1.22.4 AS builder
    RUN go build -o /server .
    FROM debian:12.5
    COPY --from=builder /server /
    ```

    ## When to ignore
    When an image or a named context really is called nearly as a stage.

    ## Fix safety
    Unsafe: the most similar stage may not be the one that was meant.

    ## Sources
    - hadolint DL3022; Dockerfile reference, COPY --from
    """

    code = "STG107"
    name = "copy-from-unknown-stage"
    severity = Severity.ERROR
    aliases = ("DL3022",)
    fixable = Applicability.UNSAFE

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Names that cannot be what was meant."""
        for origin in origins(stage, context):
            if origin.found is None and origin.name.lower() not in (stage.name, "context", "scratch"):
                yield from self._look(origin, context)

    def _look(self, origin: Origin, context: Context) -> Iterator[Finding]:
        earlier = [other.name for other in context.build.stages[: origin.stage.index] if other.name]
        later = context.build.find_stage(origin.name)
        if origin.variable:
            yield self.at(origin.word.span, "variables are not replaced in `from`: name a stage and use FROM")
        elif origin.name.isdecimal():
            yield self.at(origin.word.span, f"there is no stage {origin.name} before this one")
        elif later is not None:
            yield self.at(origin.word.span, f"stage `{origin.name}` comes later, so an image is looked for")
        elif not is_image(origin.name):
            for close in difflib.get_close_matches(origin.name.lower(), earlier, n=1, cutoff=0.75):
                message = f"no stage is called `{origin.name}`; did you mean `{close}`?"
                yield self.at(origin.word.span, message, fix=_fix(origin, close, context))


def _fix(origin: Origin, name: str, context: Context) -> Fix | None:
    place = within(origin.word.span, origin.name, context)
    if place is None:
        return None
    return Fix(f"write {name}", (replace(place, name),), Applicability.UNSAFE, Scope.CONFIG)
