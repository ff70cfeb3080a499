"""Filling a report: sizes, what was learned, why each path stays and what was dropped."""

from __future__ import annotations

from collections.abc import Iterable

from jettison.image.model import Image
from jettison.keep.plan import KeepPlan
from jettison.layers.entry import Kind
from jettison.layers.path import encode_path
from jettison.layers.tree import FileTree, Node
from jettison.observe.evidence import Evidence
from jettison.packages.model import SYSTEM
from jettison.slim.candidate import Candidate
from jettison.slim.result import Learned, PackageRecord, ReasonRecord, RuleShare, Size, SlimReport


def original_size(image: Image, tree: FileTree) -> Size:
    """How large the image is that was read."""
    return _size(tree.walk(), len(image.layers))


def described(
    report: SlimReport, tree: FileTree, plan: KeepPlan, candidate: Candidate, evidence: Evidence
) -> None:
    """Fill in what `report` says of the candidate and of the application."""
    kept = candidate.trimmed.paths
    size = _size((node for path in kept if (node := tree.get(path)) is not None), len(candidate.image.layers))
    own = candidate.trimmed.extra
    report.slim = Size(
        bytes=size.bytes + sum(len(content) for _, content in own),
        files=size.files + sum(entry.kind is not Kind.DIR for entry, _ in own),
        layers=size.layers,
    )
    report.learned = learned_from(evidence)
    report.packages = [
        PackageRecord(
            str(entry.package.ecosystem),
            entry.package.name,
            entry.package.version,
            str(entry.state),
            entry.kept,
            entry.total,
        )
        for entry in candidate.trimmed.contents.packages
    ]
    report.warnings += _blind(candidate)
    report.kept = {_text(path): _reasons(plan, path) for path in sorted(kept) if path}
    report.by_rule = _by_rule(tree, plan, kept)
    report.dropped = {
        _text(node.path): node.size
        for node in tree.walk()
        if node.kind is not Kind.DIR and node.path not in kept
    }


def _by_rule(tree: FileTree, plan: KeepPlan, kept: Iterable[bytes]) -> list[RuleShare]:
    shares: dict[str, tuple[int, int]] = {}
    for path in kept:
        node = tree.get(path)
        if node is not None and node.kind is not Kind.DIR:
            reasons = plan.reasons(path)
            rule = reasons[0].rule if reasons else "packages"
            size, count = shares.get(rule, (0, 0))
            shares[rule] = size + node.size, count + 1
    found = [RuleShare(rule, size, count) for rule, (size, count) in shares.items()]
    return sorted(found, key=lambda share: (-share.bytes, share.rule))


def _blind(candidate: Candidate) -> list[str]:
    """A scanner that sees no packages finds no vulnerabilities, and says that all is well."""
    contents = candidate.trimmed.contents
    had = any(entry.package.ecosystem in SYSTEM for entry in contents.packages)
    problems = [problem.text for problem in candidate.trimmed.problems]
    if had and not contents.system_remaining:
        problems.insert(0, "no operating-system package remains: a scanner would assess nothing of it")
    return problems


def _size(nodes: Iterable[Node], layers: int) -> Size:
    total = files = 0
    seen: set[int] = set()
    for node in nodes:
        if node.kind is Kind.DIR:
            continue
        files += 1
        if node.inode and node.inode in seen:
            continue
        seen.add(node.inode)
        total += node.size
    return Size(bytes=total, files=files, layers=layers)


def _reasons(plan: KeepPlan, path: bytes) -> list[ReasonRecord]:
    reasons = plan.reasons(path)
    if not reasons:
        return [ReasonRecord("packages", "says which packages remain")]
    return [
        ReasonRecord(rule, text, "" if because is None else _text(because)) for rule, text, because in reasons
    ]


def learned_from(evidence: Evidence) -> Learned:
    """What stands in summaries of `evidence`."""
    lifecycle, resources = evidence.lifecycle, evidence.resources
    return Learned(
        executables=sorted({exec_.path for exec_ in evidence.execs}),
        listens=_sockets(evidence, "listen"),
        connects=_sockets(evidence, "connect"),
        written=len(evidence.writes),
        ready_seconds=lifecycle.ready_seconds,
        stop_seconds=lifecycle.stop_seconds,
        killed=lifecycle.killed,
        memory_peak_bytes=resources.memory_peak_bytes,
        pids_peak=resources.pids_peak,
        steps=max((len(run.steps) for run in evidence.runs), default=0),
        events=sum(run.events for run in evidence.runs),
    )


def _sockets(evidence: Evidence, direction: str) -> list[str]:
    return sorted(
        {
            f"{socket.address}:{socket.port}/{socket.protocol}" if socket.port else socket.address
            for socket in evidence.sockets
            if socket.direction == direction
        }
    )


def _text(path: bytes) -> str:
    return "/" + encode_path(path)
