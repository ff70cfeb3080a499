"""CTX101 add-for-local-files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._context import folder_of
from jettison.lint.rules._layers import ARCHIVE
from jettison.lint.syntax import Instruction, Transfer

_REMOTE: Final = re.compile(r"(?:https?|ftp|git|ssh)://|git@|.*\.git(?:#|\Z)")
_MAGIC: Final = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
_TAR_MAGIC: Final = slice(257, 262)
_ONLY_ADD: Final = frozenset({"checksum", "keep-git-dir", "unpack"})


class AddForLocalFiles(Rule):
    """Flags ADD of files and folders of the build context, for which COPY is meant.

    ## What it does
    Looks for ADD whose sources are all local and no archives. Names that hold variables which are not known
    before the build are left alone.

    ## Why is this bad?
    ADD does more than it says: it downloads addresses and unpacks archives, by content and not by name. Who
    reads the file has to know what the source is, and a file that becomes an archive one day is unpacked.

    ## Example
    ```dockerfile
    ADD server.conf /etc/server.conf
    ```

    ## Use instead
    ```dockerfile
    COPY server.conf /etc/server.conf
    ```

    ## When to ignore
    Never, for plain files.

    ## Fix safety
    Safe where the sources are folders, or in the build context and proven to be no archives; unsafe
    otherwise.

    ## Sources
    - hadolint DL3020, trivy DS-0005, checkov CKV_DOCKER_4, dockle CIS-DI-0009, KICS "Add Instead of Copy"
    - Docker documentation, "ADD or COPY"
    """

    code = "CTX101"
    name = "add-for-local-files"
    severity = Severity.WARNING
    aliases = ("DL3020", "DS-0005", "DS005", "CKV_DOCKER_4", "CIS-DI-0009")
    fixable = Applicability.SAFE
    keywords = frozenset({"ADD"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """ADD that does nothing that COPY does not."""
        if (
            not isinstance(node, Transfer)
            or not node.sources
            or any(flag.name in _ONLY_ADD for flag in node.flags)
        ):
            return
        names = [_name(source.text, node, context) for source in node.sources]
        if any(name is None or _REMOTE.match(name) or ARCHIVE.search(name) for name in names):
            return
        proven = all(name is not None and _is_plain(name, context) for name in names)
        fix = Fix(
            "use COPY",
            (replace(node.keyword_span, "COPY"),),
            Applicability.SAFE if proven else Applicability.UNSAFE,
            Scope.CONFIG,
        )
        message = "ADD would unpack or download these; COPY says that they are plain files"
        yield self.at(node.keyword_span, message, fix=fix)


def _name(text: str, node: Instruction, context: Context) -> str | None:
    """The source as far as it tells what it is: known, or at least its end."""
    value = context.build.expand(text, node)
    if value is not None:
        return value
    return text if re.search(r"\A[\w./-]+\$|[^}]\.\w{1,5}\Z", text) and not text.startswith("$") else None


def _is_plain(name: str, context: Context) -> bool:
    """Whether the context shows that a source is a folder, or a file that ADD would not unpack."""
    if name.startswith("<<") or name.endswith("/") or name in (".", ".."):
        return True
    folder = folder_of(context)
    found = folder.matches(name) if folder is not None else []
    if folder is None or not found:
        return False
    for path in found:
        data = folder.head(path)
        if data is None:
            if folder.names(path) is None:
                return False
        elif data.startswith(_MAGIC) or data[_TAR_MAGIC] == b"ustar":
            return False
    return True
