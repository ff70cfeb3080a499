"""The files that deploy what `harden` decided: pure functions from a `Deployment` to text."""

from jettison.harden.emit.files import emit

__all__ = ["emit"]
