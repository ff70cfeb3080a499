"""An inspection for other programs: SARIF 2.1.0 for code scanning, JUnit XML for CI, Markdown for pull
requests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

import msgspec

import jettison
from jettison.inspect.budget import Verdict
from jettison.inspect.model import Inspection, Level, Secret
from jettison.layers.path import printable

_SARIF: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


# --- SARIF
# ------------------------------------------------------------------------------------------------------------
def sarif(found: Inspection) -> bytes:
    """Secrets, checks and vulnerabilities as results; paths are relative to the root of the image."""
    rules: dict[str, dict[str, Any]] = {}
    results = [
        *(_secret_result(secret, rules) for secret in found.secrets or ()),
        *_check_results(found, rules),
        *_vulnerability_results(found, rules),
    ]
    run = {
        "tool": {
            "driver": {
                "name": "jettison",
                "version": jettison.__version__,
                "rules": [rules[name] for name in sorted(rules)],
            }
        },
        "properties": {"image": found.image.reference, "id": found.image.id},
        "originalUriBaseIds": {"ROOT": {"uri": "file:///"}},
        "results": results,
    }
    document = {"$schema": _SARIF, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _result(rule: str, level: str, text: str, path: str, line: int, fingerprint: str) -> dict[str, Any]:
    region = {"region": {"startLine": line}} if line > 0 else {}
    location = {"artifactLocation": {"uri": _uri(path), "uriBaseId": "ROOT"}, **region}
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": printable(text)},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"jettison/v1": fingerprint},
    }


def _uri(path: str) -> str:
    """A path of the document is percent-encoded already where it has to be, but for what URIs reserve."""
    return re.sub(r"[ #?\[\]]", lambda m: f"%{ord(m[0]):02X}", path) or "."


def _secret_result(secret: Secret, rules: dict[str, dict[str, Any]]) -> dict[str, Any]:
    rules.setdefault(secret.kind, _rule(secret.kind, secret.title, "error"))
    where = f" of layer {secret.layer}" if secret.layer is not None else ""
    hidden = "; a later layer deletes it, but it can still be read from the image" if secret.hidden else ""
    place = f"{secret.place} {secret.path}{where}"
    text = f"{secret.title} in {place} ({secret.masked}){hidden}. Rotate it, then remove it."
    path = secret.path if secret.place == "file" else f"config/{secret.place}/{secret.path}"
    return _result(secret.kind, "error", text, path, secret.line, f"{secret.fingerprint}:{secret.path}")


def _check_results(found: Inspection, rules: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for check in found.checks:
        level = _LEVELS[check.level]
        rules.setdefault(check.id, _rule(check.id, check.title, level))
        text = f"{check.title}: {check.detail} Remedy: {check.remedy}"
        for path in check.paths or ("config",):
            yield _result(check.id, level, text, path, 0, f"{check.id}:{path}:{check.detail[:80]}")


def _vulnerability_results(found: Inspection, rules: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for each in found.vulnerabilities or ():
        level = "error" if each.severity.lower() in ("critical", "high") else "warning"
        rules.setdefault(each.id, _rule(each.id, f"Known vulnerability {each.id}", level))
        fixed = f"fixed in {each.fixed}" if each.fixed else "not fixed yet"
        text = f"{each.id} in {each.package} {each.version}, {fixed}"
        yield _result(each.id, level, text, f"packages/{each.package}", 0, f"{each.id}:{each.purl}")


def _rule(name: str, title: str, level: str) -> dict[str, Any]:
    return {
        "id": name,
        "shortDescription": {"text": printable(title)},
        "defaultConfiguration": {"level": level},
    }


# --- JUnit
# ------------------------------------------------------------------------------------------------------------
def junit(found: Inspection, verdicts: Sequence[Verdict]) -> str:
    """Each limit of the budget, each secret and each check of level error as a test case."""
    cases = [(f"budget: {v.key}", "" if v.passed else v.text) for v in verdicts]
    cases += [
        (f"secret in {s.place} {s.path}:{s.line}", f"{s.title} {s.masked}") for s in found.secrets or ()
    ]
    cases += [(f"{c.id} {c.title}", c.detail or c.title) for c in found.checks if c.level is Level.ERROR]
    cases = cases or [("nothing to report", "")]
    failures = sum(bool(message) for _, message in cases)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites tests="{len(cases)}" failures="{failures}">',
        f'<testsuite name={_attribute(found.image.reference)} tests="{len(cases)}" failures="{failures}">',
        *(_case(name, message) for name, message in cases),
        "</testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _case(name: str, message: str) -> str:
    start = f'<testcase classname="jettison.inspect" name={_attribute(name)}'
    if not message:
        return start + "/>"
    return f"{start}><failure message={_attribute(message)}>{escape(_xml(message))}</failure></testcase>"


def _attribute(text: str) -> str:
    return quoteattr(_xml(text))


def _xml(text: str) -> str:
    """Text with what XML 1.0 cannot hold made visible."""
    return _NOT_XML.sub("?", printable(text))
