"""SEC104 secret-on-command-line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.command import Arg, Command
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._secrets import is_harmless, names_secret

_LONG: Final = re.compile(
    r"--?(?!-?(?:disabled|no-|skip|without|allow|prompt))(?:[\w-]*[-_])?(?:password|passwd|pass|passphrase|token|secret|api[-_]?key|access[-_]?key|auth[-_]?token)\Z",
    re.IGNORECASE,
)
_SHORT: Final = {
    **dict.fromkeys(("mysql", "mysqladmin", "mysqldump", "mariadb", "mariadb-admin"), "-p"),
    "sshpass": "-p",
    "redis-cli": "-a",
}
_HEADER: Final = re.compile(
    r"(?:authorization:\s*(?:bearer|basic|token)|private-token:|x-api-key:)\s*[\w.=-]{6,}", re.I
)


class SecretOnCommandLine(Rule):
    r"""Flags passwords and tokens that are written into a command of RUN.

    ## What it does
    Looks for options such as `--password=…`, `--token …`, `curl -u user:password`, `sshpass -p`,
    `mysql -p…`, headers with `Authorization:`, and variables such as `PGPASSWORD=… psql`, with a value that
    stands in the file. Values that come from variables are the matter of `secret-build-argument`.

    ## Why is this bad?
    The command is part of the history of the image, and of every log of its build.

    ## Example
    ```dockerfile
    RUN curl -f -u deploy:hunter22 -o /app.jar https://repo.example.com/app.jar
    ```

    ## Use instead
    ```dockerfile
    RUN --mount=type=secret,id=netrc,target=/root/.netrc \
        curl -f -n -o /app.jar https://repo.example.com/app.jar
    ```

    ## When to ignore
    For accounts that exist during the build only.

    ## Sources
    - KICS "Passwords And Secrets", trivy DS-0031
    - Docker documentation, "Build secrets"
    """

    code = "SEC104"
    name = "secret-on-command-line"
    severity = Severity.ERROR
    aliases = ("DS-0031", "DS031")

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """Options and variables of one command."""
        for name, value in command.assignments:
            if names_secret(name) and _is_literal(value):
                yield self.at(value.span, f"the value of `{name}` stands in the history of the image")
        for option, value in _options(command):
            if _is_literal(value):
                yield self.at(value.span, f"the value of `{option}` stands in the history of the image")


def _options(command: Command) -> Iterator[tuple[str, Arg]]:
    previous = ""
    short = _SHORT.get(command.name, "")
    for arg in command.args:
        name, equals, value = arg.text.partition("=")
        if equals and _LONG.match(name):
            yield name, Arg(arg.raw.partition("=")[2], value, arg.span)
        elif (
            _LONG.match(previous)
            or (previous == short == "-p" and command.name == "sshpass")
            or (previous in ("-u", "--user") and command.name == "curl" and ":" in arg.text.rstrip(":"))
        ):
            yield previous, arg
        elif previous in ("-H", "--header") and _HEADER.search(arg.text):
            yield "Authorization", arg
        elif (
            short and arg.text.startswith(short) and len(arg.text) > len(short) and command.name != "sshpass"
        ):
            yield short, Arg(arg.raw[len(short) :], arg.text[len(short) :], arg.span)
        previous = arg.text


def _is_literal(value: Arg) -> bool:
    text = value.raw.strip("\"'")
    if "$" in text or "`" in text or text.startswith("-") or len(text) < 3:
        return False
    return not is_harmless(text)
