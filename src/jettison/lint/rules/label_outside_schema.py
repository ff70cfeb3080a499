"""MET114 label-outside-schema."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._labels import own_labels


class LabelOutsideSchema(Rule):
    """Flags labels that the list of labels does not know.

    ## What it does
    Looks for labels that are not in `label-schema`. It speaks only with `strict-labels = true`.

    ## Why is this bad?
    Such a label is mostly a misspelt one.

    ## Example
    With `strict-labels = true` and `label-schema = { team = "text" }`: `LABEL taem=web`

    ## Use instead
    `LABEL team=web`

    ## When to ignore
    For labels that a tool asks for; better add them to the list.

    ## Sources
    - hadolint DL3050
    """

    code = "MET114"
    name = "label-outside-schema"
    severity = Severity.INFO
    aliases = ("DL3050",)

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Labels of the stage itself."""
        schema = context.settings.label_schema
        if not context.settings.strict_labels or not stage.ships:
            return
        for pair, key, _ in own_labels(stage, context):
            if key is not None and key not in schema:
                close = difflib.get_close_matches(key, schema, n=1)
                hint = f"; is `{close[0]}` meant?" if close else ""
                yield self.at(pair.key.span, f"label `{key}` is not in the schema{hint}")
