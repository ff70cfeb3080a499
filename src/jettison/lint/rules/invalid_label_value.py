"""MET115 invalid-label-value."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._labels import DESCRIPTIONS, OCI_TYPES, fits, own_labels


class InvalidLabelValue(Rule):
    """Flags labels whose value is not what their key promises.

    ## What it does
    Checks values by their type: those that `label-schema` gives (`text`, `url`, `rfc3339`, `spdx`, `hash`,
    `semver`, `email`), and those that the OCI specification gives to its own keys: `created` is a time,
    `url`, `source` and `documentation` are URLs, `licenses` is an SPDX expression. Values that are not known
    before the build are left alone.

    ## Why is this bad?
    Programs read these labels: registries show the source, scanners compare licences, others sort by time.
    They ignore what they cannot read, and nobody notices.

    ## Example
    ```dockerfile
    LABEL org.opencontainers.image.licenses="Apache 2"
    ```

    ## Use instead
    ```dockerfile
    LABEL org.opencontainers.image.licenses="Apache-2.0"
    ```

    ## When to ignore
    Never; choose another key for another meaning.

    ## Sources
    - hadolint DL3051 to DL3056 and DL3058
    - OCI Image Format Specification, "Annotations"; RFC 3339; RFC 5322; SPDX specification, Annex "License
      expressions"; semver.org
    """

    code = "MET115"
    name = "invalid-label-value"
    severity = Severity.WARNING
    aliases = ("DL3051", "DL3052", "DL3053", "DL3054", "DL3055", "DL3056", "DL3058")

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Labels of the stage itself, those of stages that do not ship too."""
        for pair, key, value in own_labels(stage, context):
            kind = context.settings.label_schema.get(key or "") or OCI_TYPES.get(key or "")
            if kind is not None and value is not None and pair.value is not None and not fits(value, kind):
                shown = f"`{value}` is no {DESCRIPTIONS[kind]}" if value else "is empty"
                yield self.at(pair.value.span, f"label `{key}`: {shown}")
