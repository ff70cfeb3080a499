"""SEC107 secret-mount-kept."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.command import Arg, Command
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._script import following
from jettison.lint.syntax import Instruction


class SecretMountKept(Rule):
    """Flags a secret mount whose content is written into a file of the layer.

    ## What it does
    Looks in RUN with `--mount=type=secret` for `cp`, `mv`, `install`, `ln` and `cat … >` that read the
    mounted file, and for `echo "$VAR" > file` of a secret in a variable, without a later `rm` in the same
    RUN.

    ## Why is this bad?
    The mount itself leaves nothing behind, but the copy stays in the layer, which is what the mount was
    meant to avoid.

    ## Example
    ```dockerfile
    RUN --mount=type=secret,id=npmrc cp /run/secrets/npmrc /root/.npmrc && npm ci
    ```

    ## Use instead
    ```dockerfile
    RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci
    ```

    ## When to ignore
    When the file is written to a mount of type tmpfs or cache.

    ## Sources
    - Dockerfile reference, `RUN --mount=type=secret`
    """

    code = "SEC107"
    name = "secret-mount-kept"
    severity = Severity.ERROR
    keywords = frozenset({"RUN"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Commands that copy what a secret mount shows."""
        paths, variables = _secrets(node)
        if not paths and not variables:
            return
        for command in context.build.commands(node):
            if _copies(command, paths, variables) and not _cleaned(command, context):
                yield self.at(command.statement, "the secret is written into a file that stays in the layer")


def _secrets(node: Instruction) -> tuple[set[str], set[str]]:
    """The paths and variables under which RUN sees its secrets."""
    paths: set[str] = set()
    variables: set[str] = set()
    for flag in node.flags:
        options = dict(part.partition("=")[::2] for part in (flag.value or "").split(","))
        if flag.name != "mount" or options.get("type") != "secret":
            continue
        target = options.get("target") or options.get("dst") or options.get("destination")
        if options.get("env"):
            variables.add(options["env"])
        if target or not options.get("env"):
            paths.add(target or f"/run/secrets/{options.get('id', '')}")
    return paths, variables


def _copies(command: Command, paths: set[str], variables: set[str]) -> bool:
    if command.name in ("cp", "mv", "install"):
        return any(arg.text in paths for arg in command.operands()[:-1])
    writes = any(item.operator in (">", ">>") and _stays(item.target) for item in command.redirects)
    if not writes:
        return False
    if command.name == "cat":
        return any(arg.text in paths for arg in command.args)
    used = {
        name
        for name in variables
        for arg in command.args
        if f"${name}" in arg.raw or f"${{{name}}}" in arg.raw
    }
    return command.name in ("echo", "printf") and bool(used)


def _stays(target: Arg | None) -> bool:
    return target is not None and not target.text.startswith(("/dev/", "/proc/", "/tmp/", "/run/", "&"))  # noqa: S108


def _cleaned(command: Command, context: Context) -> bool:
    """Whether something behind it removes files."""
    return any(item.name in ("rm", "shred", "unlink") for item in following(command, context.build))
