"""Who reads the documents of Kubernetes: a cluster, or `podman kube play`, which takes some otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from msgspec import structs

from jettison.harden.emit import terms
from jettison.harden.model import Deployment

_CLUSTER_HEAD: Final = """For Kubernetes: kubectl apply -f kubernetes.yaml
seccomp.json belongs on every node as /var/lib/kubelet/seccomp/{profile}
Not in here, as Kubernetes has no fields for them: {pids} processes ({why_pids}) and
{files} open files ({why_files});
the node limits both."""
_PODMAN_HEAD: Final = """For Podman: podman kube play --seccomp-profile-root . podman.yaml
It differs from kubernetes.yaml where Podman does: there is one instance; Podman fills new volumes by
itself; and the probe is a command of the image, for Podman would run curl or nc in the container. Podman 4
keeps emptyDir volumes on disk without a limit, and it leaves NetworkPolicy out."""


@dataclass(frozen=True, slots=True)
class Target:
    """What differs between readers."""

    head: str
    """What stands above the documents."""
    instances: int
    """How many run where nothing is kept in a volume."""
    profile: str
    """The seccomp profile, relative to the reader's folder of profiles."""
    jobs: bool = True
    """Whether it knows the kind Job, which Podman 4 does not; a Pod that never restarts is the same there."""
    hosted: bool = False
    """Whether what the user mounts from this host is there."""
    published: bool = False
    """Whether ports are published on this host; without an address Podman 4 would do so on all of them."""
    annotated: bool = False
    """Whether the profile is also named by the annotation of Kubernetes before 1.19, which Podman 4 reads."""


def cluster(deployment: Deployment) -> Target:
    """A Kubernetes cluster."""
    profile, settings = terms.seccomp_file(deployment), deployment.settings
    head = _CLUSTER_HEAD.format(
        profile=profile,
        pids=settings.pids.value,
        why_pids=settings.pids.because,
        files=settings.open_files.value,
        why_files=settings.open_files.because,
    )
    return Target(head, instances=2, profile=profile)


PODMAN: Final = Target(
    _PODMAN_HEAD,
    instances=1,
    profile="seccomp.json",
    jobs=False,
    hosted=True,
    published=True,
    annotated=True,
)


def for_podman(deployment: Deployment) -> Deployment:
    """`deployment` without what only a cluster can do: volumes need no preparation, and probes are the
    health check that needs nothing the image does not have."""
    operations, settings = deployment.operations, deployment.settings
    check = (
        operations.healthcheck if operations.healthcheck and operations.healthcheck.kind == "exec" else None
    )
    storage = tuple(structs.replace(each, seeded=False, mode=each.mode | 0o055) for each in settings.storage)
    return structs.replace(
        deployment,
        settings=structs.replace(settings, storage=storage),
        operations=structs.replace(operations, readiness=None, liveness=check),
    )
