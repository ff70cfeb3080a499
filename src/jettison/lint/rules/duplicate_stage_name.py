"""STG102 duplicate-stage-name."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity


class DuplicateStageName(Rule):
    """Flags two stages of one name.

    ## What it does
    Compares the names of all stages; capitals and small letters are the same.

    ## Why is this bad?
    `--from=name` and `--target name` mean only one of them, and which one changes when a third is put
    between.

    ## Example
    ```dockerfile
    FROM golang:1.22.4 AS build
    FROM node:20.15.0 AS build
    ```

    ## Use instead
    ```dockerfile
    FROM golang:1.22.4 AS server
    FROM node:20.15.0 AS client
    ```

    ## When to ignore
    Never.

    ## Sources
    - hadolint DL3024, BuildKit DuplicateStageName, trivy DS-0012, checkov CKV_DOCKER_11
    """

    code = "STG102"
    name = "duplicate-stage-name"
    severity = Severity.ERROR
    aliases = ("DL3024", "DuplicateStageName", "DS-0012", "DS012", "CKV_DOCKER_11")

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """A stage whose name an earlier one has."""
        alias = stage.node.alias
        if alias is not None and any(
            other.name == stage.name for other in context.build.stages[: stage.index]
        ):
            yield self.at(alias.span, f"`{alias.text}` is the name of an earlier stage too")
