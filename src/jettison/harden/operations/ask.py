"""What a running application answers to operators' questions, as probes and addresses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jettison.harden.live import Live
from jettison.harden.model import Operations, Probe
from jettison.harden.operations import health, healthcheck, metrics
from jettison.harden.operations.health import Health
from jettison.layers.tree import FileTree
from jettison.observe.evidence import Evidence
from jettison.sandbox.spec import DEFAULT_PATH
from jettison.workload.drive import Driven
from jettison.workload.endpoint import Endpoint, Scheme
from jettison.workload.probe import OTHER_PROTOCOLS
from jettison.workload.processes import listeners
from jettison.workload.responses import Kind

_MAX_ENDPOINTS = 4
"""Ports that are asked."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The answers."""

    operations: Operations
    """Without log lines."""
    needs: tuple[str, ...]
    """Programs of the image that the health check executes."""
    notes: tuple[str, ...]


def ask(live: Live, driven: Driven, evidence: Evidence, tree: FileTree) -> Asked:
    """Find health, readiness and metrics by asking, and a health check by trying."""
    return _Asking(live, driven, evidence, tree).run()


@dataclass(frozen=True)
class _Asking:
    live: Live
    driven: Driven
    evidence: Evidence
    tree: FileTree

    def run(self) -> Asked:
        reachable = self._reachable()
        fronts = [health.front(self.live, each) for each in reachable if each.scheme.web]
        found = self._health(reachable)
        ready = health.readiness(found) or next(filter(None, fronts), None)
        alive = health.liveness(found)
        main = next((each for each in reachable if each.scheme is not Scheme.UDP), None)
        check = self._healthcheck(ready, fronts, main)
        probe = None if check is None else check.probe
        return Asked(
            operations=Operations(
                readiness=self._outside(None if ready is None else ready.probe, main, check),
                liveness=self._outside(None if alive is None else alive.probe, main, None),
                healthcheck=probe,
                metrics=metrics.find(self.live, self._talkative(reachable)),
            ),
            needs=() if check is None else check.needs,
            notes=() if check is not None or main is None else (_NOTHING,),
        )

    @property
    def _path(self) -> str:
        return self.live.scene.spec.env.get("PATH", DEFAULT_PATH)

    def _reachable(self) -> list[Endpoint]:
        """Endpoints, those first that can be reached from outside: a kubelet asks from there."""
        outside = {each.port for each in listeners(self.live.box.pid) if not _is_loopback(each.address)}
        return sorted(self.live.endpoints, key=lambda each: each.port not in outside)[:_MAX_ENDPOINTS]

    def _health(self, reachable: list[Endpoint]) -> list[Health]:
        """The health paths of the first port that has any: some have a port of their own for that."""
        check = self.live.scene.workload.healthcheck
        first = health.hints(
            () if check is None else check.test,
            (request.path for request in self.driven.requests if request.method == "GET"),
        )
        for endpoint in reachable:
            if endpoint.scheme.web and (found := health.find(self.live, endpoint, first)):
                return found
        return []

    def _healthcheck(
        self, ready: Health | None, fronts: Sequence[Health | None], main: Endpoint | None
    ) -> healthcheck.Found | None:
        """The image's own, if it passed; else a command that works."""
        workload = self.live.scene.workload
        passed = [r.exit_code == 0 for r in self.driven.responses if r.kind is Kind.HEALTHCHECK]
        own = healthcheck.of_image(workload.healthcheck, workload.shell, self.tree, self._path)
        if own is not None and passed and all(passed):
            return own
        executed = {by for access in self.evidence.paths.values() for by in access.by}
        executed |= {each.path for each in self.evidence.execs}
        tried = (healthcheck.find(self.live, self.tree, executed, t) for t in _targets(ready, fronts, main))
        return next(filter(None, tried), None)

    def _outside(
        self, probe: Probe | None, main: Endpoint | None, check: healthcheck.Found | None
    ) -> Probe | None:
        """`probe`, else a command that speaks the protocol, else whether the port takes connections; a port
        of the loopback interface can only be asked from inside."""
        if main is None:
            return None
        if check is not None and (check.speaks or self._only_inside(main)):
            return check.probe
        if probe is not None:
            return probe
        return Probe(
            kind="tcp", port=main.port, because=f"nothing at :{main.port} tells more than that it listens"
        )

    def _only_inside(self, endpoint: Endpoint) -> bool:
        found = [each for each in listeners(self.live.box.pid) if each.port == endpoint.port]
        return bool(found) and all(_is_loopback(each.address) for each in found)

    def _talkative(self, reachable: list[Endpoint]) -> Iterator[Endpoint]:
        """What may speak HTTP: known endpoints, then ports that nobody named."""
        known = {endpoint.port for endpoint in reachable}
        yield from (endpoint for endpoint in reachable if endpoint.scheme.web)
        others = {
            each.port: each.reachable
            for each in listeners(self.live.box.pid)
            if each.protocol == "tcp" and each.port not in known and each.port not in OTHER_PROTOCOLS
        }
        for port, address in list(others.items())[:_MAX_ENDPOINTS]:
            yield Endpoint(port=port, scheme=Scheme.HTTP, address=address)


def _targets(
    ready: Health | None, fronts: Sequence[Health | None], main: Endpoint | None
) -> Iterator[healthcheck.Target]:
    """What a command may ask, best first: what tells readiness, a first page without TLS (which few programs
    speak), whether the port takes connections."""
    if ready is not None:
        yield healthcheck.Target.of(ready.endpoint, ready.path)
    for page in fronts:
        if page is not None and page is not ready and page.endpoint.scheme is Scheme.HTTP:
            yield healthcheck.Target.of(page.endpoint, page.path)
    if main is not None:
        yield healthcheck.Target.of(main)


_NOTHING = (
    "no program of the image can tell from inside whether the application answers: there is no health check"
)


def _is_loopback(address: str) -> bool:
    return address.startswith(("127.", "::ffff:127.")) or address == "::1"
