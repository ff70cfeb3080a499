"""SUP107 plain-http-download."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.command import Arg, Command
from jettison.lint.fix import Applicability, Fix, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._download import downloads, is_local
from jettison.lint.rules._trust import verifies
from jettison.lint.syntax import Instruction, Transfer, Word


class PlainHttpDownload(Rule):
    """Flags files that are fetched over `http://` or `ftp://` without a check.

    ## What it does
    Looks for downloads with `curl`, `wget`, `git clone` and ADD without TLS, in a RUN that verifies neither
    checksum nor signature. Addresses of this machine are left alone.

    ## Why is this bad?
    Everybody on the way can read and replace what is sent, and the build runs it as root.

    ## Example
    ```dockerfile
    RUN wget -q http://example.org/tool.tar.gz
    ```

    ## Use instead
    ```dockerfile
    RUN wget -q https://example.org/tool.tar.gz
    ```

    ## When to ignore
    For servers that offer no TLS, with a checksum.

    ## Fix safety
    Unsafe: the server may not offer `https://`.

    ## Sources
    - OpenSSF Scorecard; curl(1)
    """

    code = "SUP107"
    name = "plain-http-download"
    severity = Severity.WARNING
    fixable = Applicability.UNSAFE
    keywords = frozenset({"ADD"})
    programs = frozenset({"curl", "wget", "git"})

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """Downloads in RUN."""
        if verifies(command.instruction, context.build):
            return
        if command.name == "git":
            urls = command.operands()[1:2] if command.words[:1] == ["clone"] else []
        else:
            urls = [item.url for item in downloads(command)]
        for url in urls:
            if _is_plain(url.text):
                yield self.at(url.span, _MESSAGE, fix=_fix(url) if command.editable else None)

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Sources of ADD."""
        if not isinstance(node, Transfer) or node.flag("checksum") is not None:
            return
        for source in node.sources:
            if _is_plain(source.text):
                yield self.at(source.span, _MESSAGE, fix=_fix(source))


_MESSAGE = "everybody on the way can replace what comes over this address"


def _is_plain(url: str) -> bool:
    return url.lower().startswith(("http://", "ftp://")) and not is_local(url)


def _fix(url: Arg | Word) -> Fix | None:
    raw = url.raw if isinstance(url, Arg) else url.text
    offset = raw.find("http://")
    if offset < 0 or (offset and raw[:offset] not in ("'", '"')):
        return None
    return Fix("use https", (insert(url.span.start + offset + 4, "s"),), Applicability.UNSAFE)
