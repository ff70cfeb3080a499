"""CCH109 too-many-layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._building import chain

MANY: Final = 50
"""Layers of one file. Engines stop at 127, those of the base counted, and each costs a request at a pull."""


class TooManyLayers(Rule):
    """Flags an image for which this file makes more than 50 layers.

    ## What it does
    Counts RUN, COPY and ADD of the stage that is built and of the stages it is built on.

    ## Why is this bad?
    An engine mounts at most 127 layers, those of the base image among them, and opening a file looks through
    all of them. Each is a request of its own when the image is pulled.

    ## Example
    See `consecutive-runs` and `consecutive-copies` for what to join.

    ## Use instead
    A stage of its own for what is built in many steps; the result is copied in one.

    ## When to ignore
    When the layers are squashed afterwards.

    ## Sources
    - slim ID.20020; moby, `layer.maxLayerDepth`
    """

    code = "CCH109"
    name = "too-many-layers"
    severity = Severity.INFO
    aliases = ("ID.20020",)

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """The stage that is built, if it has many layers."""
        if stage is not context.build.target:
            return
        count = sum(node.keyword in ("RUN", "COPY", "ADD") for node in chain(stage))
        if count > MANY:
            yield self.at(
                stage.node.keyword_span, f"{count} layers; each costs a request, and 127 are the end"
            )
