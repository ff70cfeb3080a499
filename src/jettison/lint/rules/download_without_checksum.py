"""SUP102 download-without-checksum."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.command import Scope
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._download import SHELLS, Download, downloads, is_local
from jettison.lint.rules._trust import verifies
from jettison.lint.syntax import Instruction

_UNPACKING: Final = frozenset(
    {"tar", "bsdtar", "gunzip", "zcat", "xz", "unxz", "cpio", "unzip", "zstd", "dpkg", "rpm", "tee", "dd"}
)
_NOT_CODE: Final = re.compile(
    r"\.(?:asc|gpg|sig|key|pem|sha\d+|sha\d+sums?|md5|list|repo|txt|sources)\Z", re.IGNORECASE
)


class DownloadWithoutChecksum(Rule):
    r"""Flags a download that nothing compares with what was meant.

    ## What it does
    Looks in stages that the result needs for files that `curl` and `wget` store or unpack, where the same
    RUN has no `sha256sum -c`, `gpg --verify` or other check. Keys, signatures and lists of packages are
    left alone, and so is what is piped into a shell (`piped-to-shell`).

    ## Why is this bad?
    The address says where the file is, not what it is. A server that was taken over, a release that was
    replaced, half a file: the build takes it, and the next one gives another image.

    ## Example
    ```dockerfile
    RUN curl -fsSLo /usr/local/bin/tool https://example.org/v1.2/tool && chmod +x /usr/local/bin/tool
    ```

    ## Use instead
    ```dockerfile
    ARG TOOL_SHA256=24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d
    RUN curl -fsSLo /usr/local/bin/tool https://example.org/v1.2/tool \
     && echo "$TOOL_SHA256 /usr/local/bin/tool" | sha256sum -c - \
     && chmod +x /usr/local/bin/tool
    ```

    ## When to ignore
    When the file is new each time, and comes from a server of one's own.

    ## Sources
    - hadolint issue 282 (open since 2018); OpenSSF Scorecard, "Pinned-Dependencies"
    """

    code = "SUP102"
    name = "download-without-checksum"
    severity = Severity.INFO
    keywords = frozenset({"RUN"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Downloads of a RUN that verifies nothing."""
        stage = context.build.stage_of(node)
        if stage is None or not stage.used or verifies(node, context.build):
            return
        for command in context.build.commands(node):
            if Scope.CONDITION in command.scopes:
                continue
            for item in downloads(command):
                if _is_code(item):
                    yield self.at(item.url.span, "nothing checks that this download is what was meant")


def _is_code(item: Download) -> bool:
    url = item.url.text
    if is_local(url) or _NOT_CODE.search(re.split(r"[?#]", url)[0]) or item.output in ("/dev/null",):
        return False
    if item.output and (_NOT_CODE.search(item.output) or "/keyrings/" in item.output):
        return False
    into = item.command.piped_into
    if item.output == "":
        return into is not None and into.name in _UNPACKING and into.name not in SHELLS
    return True
