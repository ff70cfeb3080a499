"""SEC102 secret-build-argument."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.fix import Applicability, Edit, Fix, Scope, delete, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._layers import whole_line
from jettison.lint.rules._secrets import names_secret
from jettison.lint.syntax import Instruction, KeyValue, Pair


class SecretBuildArgument(Rule):
    r"""Flags a secret that is handed to the build as an argument.

    ## What it does
    Looks for ARG without a value (or with an empty one) that is called like a secret. What is said of it
    depends on its use: in the stage that ships its value gets into the history of the image, in other
    stages into the build cache and the provenance.

    ## Why is this bad?
    `--build-arg` is for settings. `docker history --no-trunc` shows the arguments of every RUN that could
    see them, whether it used them or not.

    ## Example
    ```dockerfile
    ARG API_TOKEN
    RUN curl -fO -H "Authorization: Bearer $API_TOKEN" https://api.example.com/data.json
    ```

    ## Use instead
    ```dockerfile
    RUN --mount=type=secret,id=API_TOKEN,env=API_TOKEN \
        curl -fO -H "Authorization: Bearer $API_TOKEN" https://api.example.com/data.json
    ```

    ## When to ignore
    When the argument is public, or expires before the build ends.

    ## Fix safety
    Unsafe: the build has to be called with `--secret id=NAME,env=NAME` instead of `--build-arg NAME`, and
    needs Dockerfile syntax 1.10. Offered where only RUN of the same stage uses the argument.

    ## Sources
    - hadolint DL3064, BuildKit SecretsUsedInArgOrEnv, trivy DS-0031
    - Docker documentation, "Build secrets"
    """

    code = "SEC102"
    name = "secret-build-argument"
    severity = Severity.WARNING
    aliases = ("DL3064", "SecretsUsedInArgOrEnv", "DS-0031", "DS031")
    fixable = Applicability.UNSAFE
    keywords = frozenset({"ARG"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Arguments without a value whose name says secret."""
        stage = context.build.stage_of(node)
        if not isinstance(node, KeyValue) or stage is None:
            return
        for pair in node.pairs:
            if not names_secret(pair.key.text) or (pair.value is not None and pair.value.text.strip("\"'")):
                continue
            ships = context.ships(node)
            where = "the history of the image" if ships else "the build cache and the provenance"
            yield self.at(
                pair.key.span,
                f"the value of `{pair.key.text}` gets into {where}; a secret mount leaves nothing",
                fix=_fix(node, pair, context),
                severity=None if ships else Severity.INFO,
            )


def _fix(node: KeyValue, pair: Pair, context: Context) -> Fix | None:
    stage = context.build.stage_of(node)
    if stage is None or len(node.pairs) > 1 or node.index < 0:
        return None
    name = pair.key.text
    edits: list[Edit] = [delete(whole_line(node, context))]
    for other in stage.instructions:
        if other is node or not _mentions(other, name, context):
            continue
        if other.keyword != "RUN" or other.index < node.index:
            return None
        edits.append(insert(other.keyword_span.end, f" --mount=type=secret,id={name},env={name}"))
    if len(edits) == 1:
        return None
    return Fix("use a secret mount", tuple(edits), Applicability.UNSAFE, Scope.CONFIG)


def _mentions(node: Instruction, name: str, context: Context) -> bool:
    """Whether an instruction uses a variable: by reference, or, for RUN, by a program that reads it."""
    return name in context.source.slice(node.span)
