"""The NetworkPolicy: in to the ports that are served, out to where the application was seen to connect."""

from __future__ import annotations

import ipaddress
from typing import Any

from jettison.harden.emit import terms
from jettison.harden.emit.yaml import Noted
from jettison.harden.model import Deployment, Outgoing

_DNS = {
    "to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}],
    "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
}


def policy(deployment: Deployment) -> dict[str, Any]:
    """The document."""
    served = terms.served(deployment)
    ports = [Noted({"port": p.number, "protocol": p.protocol.upper()}, p.because) for p in served]
    spec: dict[str, Any] = {
        "podSelector": {"matchLabels": terms.labels(deployment)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"ports": ports}] if ports else Noted([], "it listens on nothing"),
        "egress": _egress(deployment.service.outgoing),
    }
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": deployment.service.name, "labels": terms.labels(deployment)},
        "spec": spec,
    }


def _egress(outgoing: tuple[Outgoing, ...]) -> Any:
    reached = [o for o in sorted(outgoing) if o.port and not _is_local(o.address)]
    if not reached:
        return Noted([], "it was not seen to connect to anything")
    rules: dict[tuple[str, int, str], Noted] = {}
    for out in (o for o in reached if o.port != 53):
        rules.setdefault((out.address, out.port, _protocol(out)), _rule(out))
    return [Noted(_DNS, "name resolution"), *rules.values()]


def _rule(out: Outgoing) -> Noted:
    address = _parsed(out.address)
    ports = [{"port": out.port, "protocol": _protocol(out)}]
    seen = f"{out.executable or 'it'} connected to {out.address}"
    if address is None:
        return Noted({"ports": ports}, f"{seen}, a name: narrow the rule to its addresses")
    if address.is_private or address.is_link_local:
        return Noted(
            {"to": [{"podSelector": {}}], "ports": ports}, f"{seen}: a neighbour in the same namespace"
        )
    block = {"ipBlock": {"cidr": f"{address}/{address.max_prefixlen}"}}
    return Noted({"to": [block], "ports": ports}, f"{seen}: widen it if that address can change")


def _protocol(out: Outgoing) -> str:
    return "UDP" if out.protocol in ("udp", "dgram") else "TCP"


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(parsed, "ipv4_mapped", None)
    return mapped or parsed


def _is_local(address: str) -> bool:
    parsed = _parsed(address)
    return parsed is not None and (parsed.is_loopback or parsed.is_unspecified)
