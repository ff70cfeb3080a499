"""What was decided from an observation is kept beside it: deciding again gives the same.

The search for limits runs the application many times, and no two searches measure the same. So the evidence
that `harden` writes holds what was decided from it, under the digest of the observations it was decided from;
when observations are added, the digest is another one and everything is tried anew.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec
from msgspec import Struct, structs

from jettison.errors import InvalidInputError
from jettison.harden.model import Deployment, Relaxation
from jettison.observe.evidence import Evidence
from jettison.observe.files import encode

_VERSION: Final = "1"
"""Raised when the same observations lead to other decisions than before."""


class Decided(Struct, frozen=True, kw_only=True):
    """What came of one observation."""

    deployment: Deployment
    relaxed: tuple[Relaxation, ...] = ()
    warnings: tuple[str, ...] = ()


def recorded(evidence: Evidence, situation: str) -> Decided | None:
    """What was decided from exactly these observations before, for the same image and options (`situation`).

    Raises InvalidInputError when what stands there is not of this version's form.
    """
    found = evidence.hardening.get(_key(evidence, situation))
    if found is None:
        return None
    try:
        return msgspec.convert(found, Decided)
    except msgspec.ValidationError as error:
        raise InvalidInputError(f"the evidence holds a decision that is none: {error}") from error


def record(evidence: Evidence, situation: str, decided: Decided) -> Evidence:
    """`evidence` with what was decided from it."""
    key = _key(evidence, situation)
    return structs.replace(evidence, hardening={**evidence.hardening, key: msgspec.to_builtins(decided)})


def _key(evidence: Evidence, situation: str) -> str:
    plain = encode(structs.replace(evidence, hardening={}))
    return hashlib.sha256(b"\0".join((_VERSION.encode(), situation.encode(), plain))).hexdigest()
