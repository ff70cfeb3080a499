"""Evidence from the trace of one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from jettison.layers.entry import Kind
from jettison.layers.path import decode_path, encode_path, normalise, parent
from jettison.layers.tree import FileTree, Node, Resolved
from jettison.observe.changed import Changed
from jettison.observe.evidence import (
    Access,
    Capability,
    Evidence,
    Exec,
    ImageIdentity,
    Lifecycle,
    Operation,
    Phase,
    Resources,
    Run,
    Socket,
    Write,
    WriteOperation,
)
from jettison.observe.processes import MEMORY_FILE
from jettison.observe.trace import Lookup, Tally, Trace

_KERNEL = (b"proc", b"sys", b"dev")
"""Top folders that are the kernel's in every container, whatever the image has there."""
_MAKES = {WriteOperation.CREATE, WriteOperation.MKDIR}
_LOOKING = {Operation.OPEN, Operation.LIST, Operation.STAT, Operation.XATTR}
_BEFORE = {Kind.FILE: "file", Kind.DIR: "directory", Kind.SYMLINK: "symlink"}


def build_evidence(
    trace: Trace,
    tree: FileTree,
    *,
    identity: ImageIdentity,
    run_id: str,
    command: Sequence[str],
    changed: Changed,
    resources: Resources,
    lifecycle: Lifecycle,
    responses: Sequence[Any],
    cpu: Mapping[Phase, float],
    outside: Iterable[str] = (),
) -> Evidence:
    """What `trace` says about the image of `tree`.

    A look-up that ends at something of the image is a path, one that does not is missing, unless the run
    itself made it (files and folders that it created and removed again, too). Paths below /proc, /sys, /dev
    and `outside` (absolute paths where something was mounted) are not the image's. `responses` are structs
    with a `step`.
    """
    evidence = Evidence(image=identity, resources=resources, lifecycle=lifecycle)
    evidence.runs.append(
        Run(
            id=run_id,
            command=tuple(command),
            steps=trace.steps,
            phases={phase.value: round(seconds, 4) for phase, seconds in trace.phases.items()},
            cpu={phase.value: round(seconds, 4) for phase, seconds in cpu.items()},
            events=trace.events,
            complete=trace.complete,
            incomplete_reason=trace.reason,
        )
    )
    scope = _Scope(tree, changed, tuple(normalise(path.encode()) for path in outside))
    for lookup, found in scope.placed(trace.lookups):
        _take(evidence, scope, lookup, found)
    evidence.missing = {
        path: access for path, access in evidence.missing.items() if path not in evidence.paths
    }
    evidence.execs = sorted(
        Exec(encode_path(each.path), tuple(map(encode_path, each.argv)), each.phase, each.count)
        for each in trace.executions
        if scope.was_there(each.path)
    )
    evidence.sockets.update(
        Socket(e.direction, e.family, e.protocol, e.address, e.port, encode_path(e.executable))
        for e in trace.sockets
        if e.family != "unix" or e.direction == "listen" or scope.was_there(decode_path(e.address))
    )
    _told(evidence, trace.tally)
    evidence.responses = {response.step: msgspec.to_builtins(response) for response in responses}
    return evidence


def _told(evidence: Evidence, tally: Tally) -> None:
    """Take over what the kernel's tracepoints told."""
    evidence.syscalls = tally.syscalls
    evidence.compat_syscalls = tally.compat_syscalls
    evidence.arguments = tally.arguments
    evidence.unrecorded = tally.unrecorded
    if tally.checks is None:
        return
    evidence.capabilities = {}
    for check in tally.checks:
        capability = evidence.capabilities.setdefault(check.name, Capability())
        checks = capability.used if check.granted else capability.refused
        checks.phases.add(check.phase)
        checks.by.add(encode_path(check.executable))
        checks.calls.add(check.call)


def resolve(lookup: Lookup, tree: FileTree) -> Resolved:
    """Where `lookup` ends in `tree`, followed as the kernel does for its caller."""
    path = lookup.path.lstrip(b"/")  # absolute in the container, and so below a changed root already
    return tree.resolve(path, root=normalise(lookup.root), follow_last=lookup.follow)


class _Scope:
    """What is the image's, what the run's own, and what neither's."""

    def __init__(self, tree: FileTree, changed: Changed, mounts: tuple[bytes, ...]) -> None:
        self.tree = tree
        self.changed = changed
        self._mounts = mounts
        self._made: set[bytes] = set()
        """What the run created, even if it removed it again."""

    def placed(self, lookups: Sequence[Lookup]) -> list[tuple[Lookup, Resolved]]:
        """Each look-up with the place where it ends; from now on it is known what the run made."""
        placed = []
        for lookup in lookups:
            found = resolve(lookup, self.tree)
            placed.append((lookup, found))
            folder = parent(found.path)
            makes = found.node is None and not _MAKES.isdisjoint(lookup.writes)
            if makes and (self.tree.get(folder) is not None or self.is_run_s_own(folder)):
                self._made.add(found.path)
        return placed

    def outside(self, path: bytes) -> bool:
        """Whether `path` is the kernel's, or of a mount."""
        return path.partition(b"/")[0] in _KERNEL or any(_below(path, mount) for mount in self._mounts)

    def is_run_s_own(self, path: bytes) -> bool:
        """Whether `path`, which the image does not have, was made by the run, or would be in a folder that
        was."""
        while path and self.tree.get(path) is None:
            if path in self._made or path in self.changed.written:
                return True
            path = parent(path)
        return False

    def was_there(self, path: bytes) -> bool:
        """Whether something could be executed or connected to by `path`: shells try each folder of PATH, and
        the C library asks for daemons that nobody has installed."""
        found = self.tree.resolve(path)
        return (
            path.startswith((b"@", MEMORY_FILE))
            or found.node is not None
            or self.outside(found.path)
            or self.is_run_s_own(found.path)
        )


def _take(evidence: Evidence, scope: _Scope, lookup: Lookup, found: Resolved) -> None:
    if found.node is None or scope.outside(found.path):
        for link in found.links:  # as in error.log -> /dev/stderr: the way out is the image's
            _note(evidence.paths, b"/" + link, lookup, Operation.READLINK)
    if scope.outside(found.path):
        return
    # Under a changed root an absolute path means something else: what it reached is what to record.
    asked = b"/" + found.path if lookup.root.strip(b"/") else tidy(lookup.path)
    if found.node is not None:
        _note(evidence.paths, asked, lookup, _operation(lookup, found.node))
    elif not scope.is_run_s_own(found.path):
        _note(evidence.missing, asked, lookup, lookup.operation)
    writes = _writes(scope, lookup, found)
    if writes:
        write = evidence.writes.setdefault(encode_path(asked), Write(before=_before(found.node)))
        write.operations.update(writes)
        write.phases.add(lookup.phase)
        write.by.add(encode_path(lookup.executable))


def _operation(lookup: Lookup, node: Node) -> Operation:
    """What was really done: a link that is not followed is looked at itself, a folder that is opened is
    listed."""
    if node.kind is Kind.SYMLINK and lookup.operation in _LOOKING:
        return Operation.READLINK
    if node.kind is Kind.DIR and lookup.operation is Operation.OPEN:
        return Operation.LIST
    return lookup.operation


def _writes(scope: _Scope, lookup: Lookup, found: Resolved) -> set[WriteOperation]:
    """What the call changed there; nothing where the file is as before in the end, and the image has it."""
    writes = set(lookup.writes)
    if found.node is None:
        return writes if scope.is_run_s_own(found.path) else set()
    if found.path not in scope.changed.written and found.path not in scope.changed.removed:
        return set()
    return writes - _MAKES


def _note(into: dict[str, Access], path: bytes, lookup: Lookup, operation: Operation) -> None:
    access = into.setdefault(encode_path(path), Access())
    access.operations.add(operation)
    access.phases.add(lookup.phase)
    if lookup.executable:
        access.by.add(encode_path(lookup.executable))
    if not access.steps:
        access.steps.add(lookup.step)


def tidy(path: bytes) -> bytes:
    """An absolute path without what means nothing: `//`, `/./`, a slash at the end; `..` may follow a link
    and stays."""
    return b"/" + b"/".join(part for part in path.split(b"/") if part not in (b"", b"."))


def _below(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder + b"/")


def _before(node: Node | None) -> Any:
    return "absent" if node is None else _BEFORE.get(node.kind, "other")
