"""The keep plan: every path that stays, with its reasons, and the way it comes to be.

`decide` asks the rules of a policy until none of them adds anything. It reads the image's files as data, runs
nothing of it, and gives the same plan for the same image, evidence and options.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from jettison.errors import LimitError
from jettison.keep.context import Context
from jettison.keep.globs import Glob, matching
from jettison.keep.policies import rules_of
from jettison.keep.policy import Policy
from jettison.keep.rule import Keep
from jettison.layers.entry import Kind
from jettison.layers.path import decode_path, encode_path, parent
from jettison.limits import MAX_CLOSURE_FILES

if TYPE_CHECKING:
    from jettison.image.config import ImageConfig
    from jettison.keep.facts import Facts
    from jettison.keep.rule import Rule
    from jettison.layers.tree import FileTree, Node
    from jettison.observe.evidence import Evidence
    from jettison.packages.inventory import Inventory

PARENT_RULE: Final = "folder"
INCLUDE_RULE: Final = "include"
HEAL_RULE: Final = "verification"
_MAX_WARNINGS: Final = 200


class Reason(NamedTuple):
    """Why a path stays."""

    rule: str
    text: str
    because: bytes | None = None
    """The kept path that asked for it; None where it was the evidence, the configuration or the user."""


class KeepPlan:
    """The paths that stay, each with one reason a rule, in the order in which they were found."""

    def __init__(self, tree: FileTree, policy: Policy) -> None:
        self.tree = tree
        self.policy = policy
        self.warnings: list[str] = []
        """What the user should know: patterns that matched nothing, files that could not be read."""
        self.decision: _Decision | None = None
        """What `heal` goes on with."""
        self._reasons: dict[bytes, list[Reason]] = {}
        self._excluded: dict[bytes, str] = {}
        self._left_out: dict[bytes, str] = {}

    def __contains__(self, path: bytes) -> bool:
        return path in self._reasons

    def __len__(self) -> int:
        return len(self._reasons)

    def __iter__(self) -> Iterator[bytes]:
        """The kept paths, sorted."""
        return iter(sorted(self._reasons))

    @property
    def size(self) -> int:
        """Bytes of content that stay; each group of hard links counted once."""
        total, seen = 0, set()
        for node in self.nodes():
            if node.inode and node.inode in seen:
                continue
            seen.add(node.inode)
            total += node.size
        return total

    def nodes(self) -> Iterator[Node]:
        """The kept nodes, sorted by path."""
        return (node for path in self if (node := self.tree.get(path)) is not None)

    def reasons(self, path: bytes) -> Sequence[Reason]:
        """Why `path` stays, first reason first; empty when it does not."""
        return self._reasons.get(path, ())

    def chain(self, path: bytes) -> list[tuple[bytes, Reason]]:
        """`path` with its first reason, then the path that caused it with its own, back to the evidence."""
        steps: list[tuple[bytes, Reason]] = []
        current: bytes | None = path
        while current is not None and current in self._reasons:
            reason = self._reasons[current][0]
            steps.append((current, reason))
            current = reason.because
        return steps

    def dropped(self, path: bytes) -> str:
        """Why `path`, which the image has, does not stay: one sentence."""
        if path in self._excluded:
            return f"taken away by --exclude {self._excluded[path]}"
        if path in self._left_out:
            return self._left_out[path]
        nearest = path
        while nearest and nearest not in self._reasons:
            nearest = parent(nearest)
        if not nearest:
            return "nothing asked for it"
        return f"nothing asked for it; of its folders, {encode_path(nearest)} is the last that stays"

    @property
    def exclusions(self) -> frozenset[str]:
        """The patterns of `--exclude` that took something away."""
        return frozenset(self._excluded.values())

    def add(self, path: bytes, reason: Reason) -> bool:
        """Keeps `path`, and the folders that hold it; False when it stayed already (then only the reason is
        noted)."""
        known = self._reasons.get(path)
        if known is not None:
            if all(other.rule != reason.rule for other in known):
                known.append(reason)
            return False
        if len(self._reasons) >= MAX_CLOSURE_FILES:
            raise LimitError(
                f"the keep plan holds over {MAX_CLOSURE_FILES} paths", hint="narrow it with --exclude"
            )
        self._reasons[path] = [reason]
        child, folder = path, parent(path)
        while child and folder not in self._reasons:
            self._reasons[folder] = [Reason(PARENT_RULE, "holds a path that stays", child)]
            child, folder = folder, parent(folder)
        return True

    def exclude(self, path: bytes, pattern: str) -> None:
        """Notes that `path` would have stayed but for `pattern`."""
        self._excluded[path] = pattern

    def leave_out(self, path: bytes, text: str) -> None:
        """Notes why a rule decided against `path`; a rule may change its mind."""
        self._left_out[path] = text

    def warn(self, text: str) -> None:
        """Notes something that the user should know, once."""
        if text not in self.warnings and len(self.warnings) < _MAX_WARNINGS:
            self.warnings.append(text)

    def listed(self, evidence: Evidence) -> list[tuple[bytes, int, int]]:
        """Folders that the application listed and that do not stay whole: path, entries kept, entries of
        old."""
        found = []
        for text, access in sorted(evidence.paths.items()):
            node = self.tree.resolve(decode_path(text)).node if "list" in access.operations else None
            if node is None or node.kind is not Kind.DIR:
                continue
            children = [child.path for child in self.tree.children(node.path)]
            kept = sum(child in self._reasons for child in children)
            if kept != len(children):
                found.append((node.path, kept, len(children)))
        return found


class _Decision:
    """One plan in the making: the rules with what they remember, and the files that none of them has seen
    yet."""

    def __init__(self, context: Context, rules: Sequence[Rule], exclude: Sequence[Glob]) -> None:
        self._context = context
        self._plan = context.plan
        self._tree = context.tree
        self._rules = rules
        self._exclude = exclude
        self._work: deque[Node] = deque()

    def begin(self, include: Sequence[Glob]) -> None:
        """Takes what the user, the evidence and the configuration ask for, and all that follows from it."""
        for glob, paths in matching(include, self._tree):
            if not paths:
                self._plan.warn(f"--include {glob} matches nothing in the image")
            self.take(INCLUDE_RULE, (Keep(path, f"asked for by --include {glob}") for path in paths))
        for rule in self._rules:
            self.take(rule.name, rule.begin(self._context))
        self.finish()

    def finish(self) -> None:
        """Visits and settles until nothing is added."""
        before = -1
        while len(self._plan) != before:
            before = len(self._plan)
            self._visit()
            for rule in self._rules:
                self.take(rule.name, rule.settle(self._context))
                self._visit()

    def take(self, rule: str, keeps: Iterable[Keep]) -> None:
        """Keeps what was asked for in the name of `rule`."""
        for path, text, because, follow in keeps:
            self._keep(path, Reason(rule, text, because), follow=follow)

    def _visit(self) -> None:
        while self._work:
            node = self._work.popleft()
            for rule in self._rules:
                self.take(rule.name, rule.visit(self._context, node))

    def _keep(self, path: bytes, reason: Reason, *, follow: bool) -> None:
        """Adds what `path` leads to, and every link on the way.

        A path that the tree knows by that name lies in real folders only, so it needs no look-up through
        links.
        """
        node = self._tree.get(path.lstrip(b"/"))
        if node is not None and not (follow and node.kind is Kind.SYMLINK):
            self._add(node, reason)
            return
        resolved = self._tree.resolve(path, follow_last=follow)
        for link in resolved.links:
            linked = self._tree.get(link)
            if linked is not None:
                self._add(linked, reason)
        if resolved.node is not None:
            self._add(resolved.node, reason)

    def _add(self, node: Node, reason: Reason) -> None:
        if node.path not in self._plan:
            excluded = next((glob for glob in self._exclude if glob.matches(node.path)), None)
            if excluded is not None:
                self._plan.exclude(node.path, str(excluded))
                return
        if self._plan.add(node.path, reason) and node.kind is Kind.FILE:
            self._work.append(node)


def decide(
    tree: FileTree,
    evidence: Evidence,
    config: ImageConfig,
    *,
    policy: Policy = Policy.BALANCED,
    shell: bool | None = None,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    inventory: Inventory | None = None,
    facts: Facts | None = None,
) -> KeepPlan:
    """What of `tree` stays under `policy`.

    `include` and `exclude` are patterns of `jettison.keep.globs`; an excluded path wins over every reason,
    and what only it would have needed goes with it. `shell` keeps a shell and core utilities (True), keeps
    none for the sake of it (False), or leaves it to the policy (None). Raises `UsageError` for a pattern that
    means nothing, `LimitError` when over `MAX_CLOSURE_FILES` paths would stay.
    """
    plan = KeepPlan(tree, policy)
    context = Context(tree, evidence, config, plan, inventory=inventory, facts=facts)
    excluded = [Glob(text) for text in exclude]
    decision = _Decision(context, rules_of(policy, shell=shell), excluded)
    plan.decision = decision
    decision.begin([Glob(text) for text in include])
    for glob in excluded:
        if str(glob) not in plan.exclusions:
            plan.warn(f"--exclude {glob} takes nothing away: nothing that it matches would have stayed")
    return plan


def heal(plan: KeepPlan, misses: Iterable[bytes]) -> int:
    """Adds `misses`, paths that a verification run looked up in vain, with all that they need, to a plan of
    `decide`.

    Returns how many paths were added; 0 means that the plan cannot mend the difference.
    """
    before = len(plan)
    if plan.decision is not None:
        keeps = [Keep(path, "looked up in vain in the verification run") for path in misses]
        plan.decision.take(HEAL_RULE, keeps)
        plan.decision.finish()
    return len(plan) - before
