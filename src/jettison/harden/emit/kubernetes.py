"""The workload and what belongs to it, as documents of Kubernetes 1.25 and newer."""

from __future__ import annotations

from typing import Any

from jettison.harden.emit import terms
from jettison.harden.emit.contents import Contents
from jettison.harden.emit.network import policy
from jettison.harden.emit.pod import pod, standard
from jettison.harden.emit.target import Target
from jettison.harden.emit.yaml import Noted, comment, document
from jettison.harden.model import Deployment


def kubernetes(deployment: Deployment, contents: Contents, target: Target) -> str:
    """The documents for `deployment` as `target` reads them."""
    claims = [_claim(deployment, path, name) for path, name in terms.claim_names(deployment).items()]
    documents = [document(claim) for claim in claims if claim]
    documents.append(document(_workload(deployment, contents, target)))
    if terms.served(deployment):
        documents.append(document(_service(deployment)))
    documents.append(document(policy(deployment)))
    if target.instances > 1:
        documents.append(_disruption(deployment))
    head = f"{target.head}\n{standard(deployment)}"
    return "\n".join(comment(head)) + "\n" + _secret(deployment) + "---\n".join(filter(None, documents))


def _meta(deployment: Deployment, name: str | None = None) -> dict[str, Any]:
    return {"name": name or deployment.service.name, "labels": terms.labels(deployment)}


def _claim(deployment: Deployment, path: str, name: str) -> dict[str, Any] | None:
    storage = next(s for s in deployment.settings.storage if s.path == path)
    if not terms.lasting(storage):
        return None
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": _meta(deployment, name),
        "spec": Noted(
            {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": terms.size(max(storage.size_bytes, 1), "Mi")}},
            },
            terms.what(storage),
        ),
    }


def _workload(deployment: Deployment, contents: Contents, target: Target) -> dict[str, Any]:
    template = pod(deployment, contents, target)
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
    return any(map(terms.lasting, deployment.settings.storage))


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
