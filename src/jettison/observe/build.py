"""Evidence from the trace of one run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from jettison.layers.entry import Kind
from jettison.layers.path import encode_path, normalise
from jettison.layers.tree import FileTree, Node, Resolved
from jettison.observe.changed import Changed
from jettison.observe.evidence import (
    Access,
    Evidence,
    Exec,
    ImageIdentity,
    Lifecycle,
    Resources,
    Run,
    Socket,
    Write,
)
from jettison.observe.trace import Lookup, Trace

_KERNEL = (b"proc", b"sys", b"dev")
"""Top folders that are the kernel's in every container, whatever the image has there."""
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
    outside: Iterable[str] = (),
) -> Evidence:
    """What `trace` says about the image of `tree`.

    A look-up that ends at something of the image is a path, one that does not is missing, unless the run
    itself had made it. Paths below /proc, /sys, /dev and `outside` (absolute paths where something was
    mounted) are not the image's. `responses` are structs with a `step`.
    """
    evidence = Evidence(image=identity, resources=resources, lifecycle=lifecycle)
    evidence.runs.append(
        Run(
            id=run_id,
            command=tuple(command),
            steps=trace.steps,
            phases={phase.value: round(seconds, 4) for phase, seconds in trace.phases.items()},
            events=trace.events,
            complete=trace.complete,
            incomplete_reason=trace.reason,
        )
    )
    mounts = tuple(normalise(path.encode()) for path in outside)
    for lookup in trace.lookups:
        _take(evidence, tree, lookup, changed, mounts)
    evidence.execs = sorted(
        Exec(encode_path(each.path), tuple(map(encode_path, each.argv)), each.phase, each.count)
        for each in trace.executions
    )
    evidence.sockets.update(
        Socket(e.direction, e.family, e.protocol, e.address, e.port, encode_path(e.executable))
        for e in trace.sockets
    )
    evidence.responses = {response.step: msgspec.to_builtins(response) for response in responses}
    return evidence


def resolve(lookup: Lookup, tree: FileTree) -> Resolved:
    """Where `lookup` ends in `tree`, followed as the kernel does for its caller."""
    path = lookup.path.lstrip(b"/")  # absolute in the container, and so below a changed root already
    return tree.resolve(path, root=normalise(lookup.root), follow_last=lookup.follow)


def _take(
    evidence: Evidence, tree: FileTree, lookup: Lookup, changed: Changed, mounts: Sequence[bytes]
) -> None:
    found = resolve(lookup, tree)
    if found.path.partition(b"/")[0] in _KERNEL or any(_below(found.path, mount) for mount in mounts):
        for link in found.links:  # as in error.log -> /dev/stderr: the way out is the image's
            _note(evidence.paths.setdefault(encode_path(b"/" + link), Access()), lookup)
        return
    # Under a changed root an absolute path means something else: what it reached is what to record.
    asked = b"/" + found.path if lookup.root.strip(b"/") else lookup.path
    text = encode_path(asked)
    if found.node is not None:
        _note(evidence.paths.setdefault(text, Access()), lookup)
    elif found.path not in changed.written:
        _note(evidence.missing.setdefault(text, Access()), lookup)
    if lookup.writes and (found.path in changed.written or found.path in changed.removed):
        write = evidence.writes.setdefault(text, Write(before=_before(found.node)))
        write.operations.update(lookup.writes)
        write.phases.add(lookup.phase)
        write.by.add(encode_path(lookup.executable))


def _note(access: Access, lookup: Lookup) -> None:
    access.operations.add(lookup.operation)
    access.phases.add(lookup.phase)
    if lookup.executable:
        access.by.add(encode_path(lookup.executable))
    if not access.steps:
        access.steps.add(lookup.step)


def _below(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder + b"/")


def _before(node: Node | None) -> Any:
    return "absent" if node is None else _BEFORE.get(node.kind, "other")
