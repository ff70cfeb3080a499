"""From the evidence to a deployment: what is wanted, what the application bears, what its limits are."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from msgspec import structs

from jettison.harden import network, resources
from jettison.harden.bench import Bench
from jettison.harden.capabilities import minimum
from jettison.harden.exposed import exposed
from jettison.harden.learn import Learned, learn
from jettison.harden.life.restart import restart
from jettison.harden.model import (
    Decision,
    Deployment,
    Mounted,
    MountKind,
    Number,
    Probe,
    RunAs,
    Secret,
    Service,
    Settings,
)
from jettison.harden.names import image_name
from jettison.harden.recorded import Decided
from jettison.harden.seccomp import allow, with_init
from jettison.harden.settle import settle
from jettison.harden.storage import Needed, needed
from jettison.harden.users import candidates
from jettison.image.model import Image
from jettison.observe.evidence import Evidence
from jettison.sandbox.spec import Mount, Overrides

_OURS: Final = frozenset(("PATH", "HOSTNAME", "HOME"))
"""Variables that engines set by themselves."""


def decide(image: Image, overrides: Overrides, name: str, bench: Bench, evidence: Evidence) -> Decided:
    """The tightest deployment under which the application answers as it does without.

    Runs the application some ten to thirty times. Raises ApplicationError, HostError.
    """
    runs = bench.baseline.runs
    spec = bench.baseline.scene.spec
    users = candidates(bench.tree, evidence, spec.user, runs)
    wants = needed(
        bench.tree,
        evidence,
        declared=image.config.config.volumes,
        users=[user.uid for user in users if not user.root],
        home=spec.cwd,
        left=frozenset().union(*(run.changed.sizes for run in runs)),
        sizes=runs[0].changed.sizes,
    )
    covered = {mount.destination for mount in spec.mounts}
    wants = replace(wants, storage=tuple(each for each in wants.storage if each.path not in covered))
    wanted = _wanted(evidence, wants, users[0])
    settings, relaxed = settle(bench, wanted, users, lambda user: minimum(evidence, user))
    learned = _learned(bench, settings, evidence)
    if learned.life.zombies_left and settings.seccomp is not None:  # the manifests ask for an init process
        settings = structs.replace(settings, seccomp=with_init(settings.seccomp))
    settings = _limited(bench, settings, learned.operations.healthcheck)
    secrets = exposed(env=spec.env, argv=spec.argv, config=image.config, evidence=evidence, tree=bench.tree)
    service = _service(image, overrides, name, bench, evidence, secrets)
    return Decided(
        deployment=Deployment(
            service=service,
            settings=settings,
            operations=learned.operations,
            life=learned.life,
            secrets=secrets,
        ),
        relaxed=tuple(relaxed),
        warnings=(*_warnings(wants), *learned.notes),
    )


def _wanted(evidence: Evidence, wants: Needed, run_as: RunAs) -> Settings:
    """What the evidence asks for, before anything was tried; the memory limit comes last."""
    return Settings(
        seccomp=None if evidence.syscalls is None else allow(evidence),
        capabilities=minimum(evidence, run_as),
        no_new_privileges=Decision(True, "it works without gaining any from setuid programs"),
        run_as=run_as,
        read_only_root=Decision(True, f"all that it writes is in {len(wants.storage)} mounted folders"),
        storage=wants.storage,
        memory_bytes=None,
        memory_request_bytes=None,
        cpu_millis=resources.cpu(evidence),
        pids=resources.pids(evidence),
        open_files=resources.open_files(evidence),
        shm_bytes=resources.shared_memory(evidence),
    )


def _limited(bench: Bench, settings: Settings, check: Probe | None) -> Settings:
    """`settings` with a memory limit, if this host can limit memory; a health check that runs as a program
    beside the application has to fit in as well."""
    plain = bench.attempt(settings)
    runs = (*bench.baseline.runs, *([plain.run] if plain.run is not None else []))
    peaks = [run.resources.memory_peak_bytes or 0 for run in runs]
    smallest = resources.smallest_memory(bench, settings, peaks, plain.seconds)
    if smallest is None:
        return settings
    request, limit = resources.request(smallest), resources.limit(smallest)
    limited = structs.replace(settings, memory_bytes=limit, memory_request_bytes=request)
    asking = bench if check is None else bench.asking(check)
    while not asking.attempt(limited).passed and limit.value < resources.MOST_BYTES:
        limit = Number(2 * limit.value, "the health check needs memory too; doubled until it passed")
        limited = structs.replace(limited, memory_bytes=limit)
    return limited


def _learned(bench: Bench, settings: Settings, evidence: Evidence) -> Learned:
    """What operators need to know, asked while the settings are in force; then a restart on the same
    volumes."""
    with bench.enforced(settings) as scene:
        learned = learn(replace(bench.baseline, scene=scene), evidence, bench.tree, bench.journal)
    if learned.life.batch:
        return learned
    with bench.enforced(settings) as scene:
        came_back, error = restart(
            scene, bench.journal, before=[run.driven.responses for run in bench.baseline.runs]
        )
    return replace(learned, life=structs.replace(learned.life, restarted=came_back, restart_error=error))


def _service(
    image: Image,
    overrides: Overrides,
    name: str,
    bench: Bench,
    evidence: Evidence,
    secrets: tuple[Secret, ...],
) -> Service:
    found = network.network_of(
        evidence.sockets,
        image.config.config.exposed_ports,
        [run.driven.endpoints for run in bench.baseline.runs],
    )
    hidden = {secret.name for secret in secrets if secret.where == "environment"}
    env = bench.baseline.scene.spec.env
    own = dict(entry.partition("=")[::2] for entry in image.config.config.env)
    given = {key: value for key, value in env.items() if own.get(key) != value and key not in _OURS}
    return Service(
        name=name,
        image=image_name(image.reference),
        command=overrides.cmd,
        entrypoint=overrides.entrypoint,
        env=tuple(sorted((key, value) for key, value in given.items() if key not in hidden)),
        secret_env=tuple(sorted(hidden)),
        ports=found.ports,
        mounts=tuple(map(_mounted, bench.baseline.scene.spec.mounts)),
        outgoing=found.outgoing,
    )


def _mounted(mount: Mount) -> Mounted:
    if mount.source.is_dir():
        kind = MountKind.FOLDER
    else:
        kind = MountKind.FILE if mount.source.is_file() else MountKind.SPECIAL
    return Mounted(path=mount.destination, source=str(mount.source), kind=kind, read_only=mount.read_only)


def _warnings(wants: Needed) -> tuple[str, ...]:
    if not wants.beside_code:
        return ()
    shown = ", ".join(wants.beside_code[:3]) + (" …" if wants.beside_code[3:] else "")
    return (f"written beside the application's code, where nothing can be mounted: {shown}",)
