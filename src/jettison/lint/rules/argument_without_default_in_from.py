"""VAR105 argument-without-default-in-from."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import PLATFORM_ARGS, PROXY_ARGS, expand
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._variables import uses
from jettison.lint.syntax import From, Instruction, KeyValue


class ArgumentWithoutDefaultInFrom(Rule):
    """Flags FROM whose image is no image unless the call gives a build argument.

    ## What it does
    Fills in the defaults of all arguments and looks at what is left of the image name. Arguments that the
    configuration gives (`build-args`) count.

    ## Why is this bad?
    `docker build .` fails with a message about an image name that stands nowhere in the file. Editors,
    scanners and other people build without knowing your arguments.

    ## Example
    ```dockerfile
    ARG VERSION
    FROM python:${VERSION}
    ```

    ## Use instead
    ```dockerfile
    ARG VERSION=3.12.4
    FROM python:${VERSION}
    ```

    ## When to ignore
    When a wrong default would be worse than none.

    ## Sources
    - BuildKit InvalidDefaultArgInFrom
    """

    code = "VAR105"
    name = "argument-without-default-in-from"
    severity = Severity.INFO
    aliases = ("InvalidDefaultArgInFrom",)
    keywords = frozenset({"FROM"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """An image name that cannot be one without arguments from outside."""
        if not isinstance(node, From) or node.image is None or "$" not in node.image.text:
            return
        values = _defaults(context)
        names = [use.name for use in uses(node, context.build)]
        if any(name in PLATFORM_ARGS or values.get(name) is None for name in names):
            return
        text = expand(node.image.text, values, context.dockerfile.escape)
        if text is not None and (not text or text[-1] in ":/@-." or text[0] in ":/@-." or "//" in text):
            empty = " and ".join(f"`{name}`" for name in dict.fromkeys(names) if not values[name])
            yield self.at(
                node.image.span, f"without a value for {empty} the image is `{text}`, which is none"
            )


def _defaults(context: Context) -> dict[str, str | None]:
    """The arguments that FROM sees in a build that gives none but those of the configuration; None where
    the value is not known."""
    values: dict[str, str | None] = dict.fromkeys(PROXY_ARGS, "")
    for node in context.build.head:
        if isinstance(node, KeyValue) and node.keyword == "ARG":
            for pair in node.pairs:
                default = (
                    "" if pair.value is None else expand(pair.value.text, values, context.dockerfile.escape)
                )
                values[pair.key.text] = context.settings.build_args.get(pair.key.text, default)
    return values
