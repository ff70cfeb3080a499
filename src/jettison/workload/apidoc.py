"""Reads an OpenAPI document, in JSON or YAML, that may come from the application itself."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from jettison.errors import LimitError, UsageError
from jettison.limits import MAX_SMALL_FILE_BYTES, MIB

MAX_DOCUMENT_BYTES: Final = MAX_SMALL_FILE_BYTES
_MAX_YAML_BYTES: Final = 2 * MIB
"""YAML is read by Python at some 200 KiB a second: the faster reader in C crashes on deep nesting."""


def load(document: bytes, name: str) -> dict[str, Any]:
    """The OpenAPI 3 or Swagger 2 document in `document`, which came from `name`.

    Raises UsageError for what is no such document, LimitError for one that is too large.
    """
    if len(document) > MAX_DOCUMENT_BYTES:
        raise LimitError(f"the OpenAPI document {name} is larger than {MAX_DOCUMENT_BYTES} bytes")
    try:
        root = msgspec.json.decode(document)
    except (msgspec.DecodeError, RecursionError) as error:
        if document.lstrip()[:1] in (b"{", b"["):
            raise UsageError(f"the OpenAPI document {name} is not valid JSON: {error}") from None
        root = _yaml(document, name)
    if not isinstance(root, dict) or not ("openapi" in root or "swagger" in root):
        raise UsageError(f"{name} is not an OpenAPI document", hint="it has neither `openapi` nor `swagger`")
    return root


def _yaml(document: bytes, name: str) -> Any:
    import yaml  # takes 15 ms, and hardly ever needed

    class Loader(yaml.SafeLoader):  # type: ignore[misc]  # it has no types
        """Without aliases, by which a few lines could stand for any number of values."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise yaml.composer.ComposerError(
                    None, None, "aliases are not read", self.peek_event().start_mark
                )
            return super().compose_node(parent, index)

    if len(document) > _MAX_YAML_BYTES:
        raise LimitError(
            f"the OpenAPI document {name} is larger than {_MAX_YAML_BYTES} bytes", hint="convert it to JSON"
        )
    try:
        # By way of JSON: keys become text, dates become strings.
        return msgspec.json.decode(msgspec.json.encode(_plain(yaml.load(document, Loader))))  # noqa: S506
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        why = " ".join(str(error).split())
        raise UsageError(
            f"the OpenAPI document {name} is neither JSON nor YAML that is read: {why}"
        ) from None


def _plain(value: Any) -> Any:
    """`value` with keys that JSON has, too (YAML reads `200:` as a number and `on:` as true)."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
