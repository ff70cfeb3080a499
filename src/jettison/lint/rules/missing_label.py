"""MET113 missing-label."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._labels import labels


class MissingLabel(Rule):
    """Flags an image that lacks a label that is asked for.

    ## What it does
    Looks in the stage that is built, and the stages it is built on, for each label of `label-schema`. It
    speaks only with such a list.

    ## Why is this bad?
    Whoever wrote the list wants to find, count or bill images by these labels.

    ## Example
    With `label-schema = { team = "text" }`, a Dockerfile without `LABEL team=…`.

    ## Use instead
    `LABEL team=web`

    ## When to ignore
    When the base image or the build command (`--label`) sets it.

    ## Sources
    - hadolint DL3049
    """

    code = "MET113"
    name = "missing-label"
    severity = Severity.INFO
    aliases = ("DL3049",)

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """The stage that is built."""
        schema = context.settings.label_schema
        if stage is not context.build.target or not schema:
            return
        found = {key for _, key, _ in labels(stage, context)}
        for key in schema:
            if None not in found and key not in found:
                yield self.at(stage.node.keyword_span, f"label `{key}` is missing")
