"""The workload and what belongs to it, as documents of Kubernetes 1.25 and newer."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from jettison.harden.emit import terms
from jettison.harden.emit.contents import Contents
from jettison.harden.emit.network import policy
from jettison.harden.emit.pod import pod, standard
from jettison.harden.emit.target import Target
from jettison.harden.emit.yaml import Noted, comment, document
from jettison.harden.model import Deployment, MountKind
from jettison.harden.storage import VOLUME_BYTES


def kubernetes(deployment: Deployment, contents: Contents, target: Target) -> str:
    """The documents for `deployment` as `target` reads them."""
    documents = [document(claim) for claim in _claims(deployment, target)]
    documents.append(document(_workload(deployment, contents, target)))
    if terms.served(deployment):
        documents.append(document(_service(deployment)))
    documents.append(document(policy(deployment)))
    if target.instances > 1:
        documents.append(_disruption(deployment))
    head = f"{target.head}\n{standard(deployment)}"
    first = _secret(deployment) + ("" if target.hosted else _mounted(deployment))
    return "\n".join(comment(head)) + "\n" + first + "---\n".join(filter(None, documents))


def _meta(deployment: Deployment, name: str | None = None) -> dict[str, Any]:
    return {"name": name or deployment.service.name, "labels": terms.labels(deployment)}


def _claims(deployment: Deployment, target: Target) -> Iterator[dict[str, Any]]:
    names = terms.claim_names(deployment)
    for storage in filter(terms.lasting, deployment.settings.storage):
        yield _claim(deployment, names[storage.path], max(storage.size_bytes, 1), terms.what(storage))
    for mount in deployment.service.mounts:
        if mount.kind is MountKind.FOLDER and not target.hosted:
            yield _claim(deployment, names[mount.path], VOLUME_BYTES, terms.held(mount))


def _claim(deployment: Deployment, name: str, size: int, note: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": _meta(deployment, name),
        "spec": Noted(
            {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": terms.size(size, "Mi")}},
            },
            note,
        ),
    }


def _workload(deployment: Deployment, contents: Contents, target: Target) -> dict[str, Any]:
    template = pod(deployment, contents, target)
    if deployment.life.batch and not target.jobs:
        meta = {**_meta(deployment), **template["metadata"]}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": template["spec"]}
    if deployment.life.batch:
        spec: dict[str, Any] = {"backoffLimit": 2, "template": template}
        kind = {"apiVersion": "batch/v1", "kind": Noted("Job", "it does its work and ends by itself")}
    else:
        kind = {"apiVersion": "apps/v1", "kind": "Deployment"}
        spec = {
            "replicas": _replicas(deployment, target),
            "selector": {"matchLabels": terms.labels(deployment)},
            "strategy": _strategy(deployment),
            "template": template,
        }
    return kind | {"metadata": _meta(deployment), "spec": spec}


def _keeps_data(deployment: Deployment) -> bool:
    folders = (mount.kind is MountKind.FOLDER for mount in deployment.service.mounts)
    return any(map(terms.lasting, deployment.settings.storage)) or any(folders)


def _replicas(deployment: Deployment, target: Target) -> Noted:
    if _keeps_data(deployment):
        return Noted(1, "it keeps data in a volume, which one instance can use at a time")
    if target.instances == 1:
        return Noted(1, "there are no more here")
    return Noted(target.instances, "it keeps no data in a volume: one may go while others answer")


def _strategy(deployment: Deployment) -> Any:
    if _keeps_data(deployment):
        return Noted({"type": "Recreate"}, "two instances must not have the volume at once")
    return {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}


def _service(deployment: Deployment) -> dict[str, Any]:
    ports = [
        Noted(
            {
                "name": terms.port_name(port),
                "port": port.number,
                "targetPort": terms.port_name(port),
                "protocol": port.protocol.upper(),
            },
            port.because,
        )
        for port in terms.served(deployment)
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _meta(deployment, terms.service_name(deployment)),
        "spec": {"selector": terms.labels(deployment), "ports": ports},
    }


def _disruption(deployment: Deployment) -> str:
    if deployment.life.batch:
        return ""
    if _keeps_data(deployment):
        note = "No PodDisruptionBudget: with one instance it says nothing, or its node cannot be drained."
        return "".join(f"{line}\n" for line in comment(note))
    content = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": _meta(deployment),
        "spec": {"minAvailable": 1, "selector": {"matchLabels": terms.labels(deployment)}},
    }
    return document(content)


def _mounted(deployment: Deployment) -> str:
    """What to do about the user's mounts, which no cluster has, as a comment."""
    names, lines = terms.claim_names(deployment), list[str]()
    files = [mount for mount in deployment.service.mounts if mount.kind is MountKind.FILE]
    if files:
        lines += ["Make the ConfigMap of the mounted files first (a Secret if they hold one):"]
        given = (shlex.quote(f"--from-file={names[mount.path]}={mount.source}") for mount in files)
        lines.append(f"kubectl create configmap {terms.files_name(deployment)} {' '.join(given)}")
    for mount in deployment.service.mounts:
        if mount.kind is MountKind.FOLDER:
            lines.append(f"Fill the volume {names[mount.path]} with what {mount.source} held.")
        elif mount.kind is MountKind.SPECIAL:
            lines.append(f"Not in here, as it belongs to one host: {mount.path}, {terms.held(mount)}.")
    return "".join(f"{line}\n" for line in comment("\n".join(["", *lines]))) if lines else ""


def _secret(deployment: Deployment) -> str:
    """The Secret as a comment: its values belong into no file."""
    if not deployment.service.secret_env:
        return ""
    name = terms.secret_name(deployment)
    keys = {terms.secret_key(variable): "" for variable in sorted(deployment.service.secret_env)}
    template = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": _meta(deployment, name),
        "stringData": keys,
    }
    head = f"\nMake the secret {name} first; its values are not written here:\n"
    return "".join(f"{line}\n" for line in comment(head)) + "".join(
        f"# {line}\n" for line in document(template).splitlines()
    )
