"""What a rule is: a reason why files stay, as one small class in a module of its own.

A rule is asked at three points, and each time yields what should be kept because of it. `begin` is asked
once, `visit` for every path that is newly kept by any rule, `settle` each time nothing is left to visit,
until no rule adds anything. So the order of rules does not change what is kept, only which reason is named
first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from jettison.keep.context import Context
    from jettison.layers.tree import Node


class Keep(NamedTuple):
    """What a rule asks for. What does not exist in the image is silently nothing."""

    path: bytes
    """As a process would name it: absolute or relative to the root, links and `..` unresolved."""
    text: str
    """Why, in words that go on from "kept:"; without the path itself."""
    because: bytes | None = None
    """The kept path (normalised) that caused it; None where evidence or configuration did."""
    follow: bool = True
    """Whether a symbolic link at the end brings what it points to."""


class Rule:
    """Base of all rules; one instance serves one plan and may remember what it has seen."""

    name: ClassVar[str]
    """The family, as it stands in reports."""

    def begin(self, context: Context) -> Iterable[Keep]:
        """What evidence and configuration alone ask for."""
        return ()

    def visit(self, context: Context, node: Node) -> Iterable[Keep]:
        """What a newly kept regular file asks for."""
        return ()

    def settle(self, context: Context) -> Iterable[Keep]:
        """What all that is kept so far asks for together."""
        return ()
