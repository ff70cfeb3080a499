"""Text that any reader of a format accepts, whatever bytes a file or its name holds."""

from __future__ import annotations

import re
from typing import Final

_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def unicode(text: str) -> str:
    """Text that can be encoded: bytes that were not UTF-8 become U+FFFD."""
    return _SURROGATES.sub("\ufffd", text)


def xml(text: str) -> str:
    """Text of the characters that XML 1.0 §2.2 allows; others become U+FFFD."""
    return _NOT_XML.sub("\ufffd", text)
