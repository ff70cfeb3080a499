"""`README.md` and `secrets.env.example` of the output folder."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from jettison.harden.emit import terms
from jettison.harden.model import Deployment, Proof, Relaxation

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|&!~])")


def readme(
    deployment: Deployment, files: Collection[str], proofs: Sequence[Proof], relaxed: Sequence[Relaxation]
) -> str:
    """What each of `files` is, how to apply it, and what was proved."""
    name = deployment.service.name
    image = _text(deployment.service.image)
    parts = [
        f"# Deployment of {_text(name)}",
        f"Made by `jettison harden` from what {image} was seen to do. Comments cite the evidence.",
        "\n".join(_table(deployment, files)),
        "\n".join(_secrets(deployment)),
        "\n".join(_given_up(relaxed)),
        "\n".join(_proved(proofs)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def secrets_example(deployment: Deployment) -> str:
    """The variables whose values are secrets, without the values; empty if there is none."""
    names = sorted(deployment.service.secret_env)
    if not names:
        return ""
    head = (
        "# Copy to .env (docker compose) or give to kubectl and podman as the README says; never commit it.\n"
    )
    return head + "".join(f"{_line(name)}=\n" for name in names)


def _table(deployment: Deployment, files: Collection[str]) -> Iterator[str]:
    """One line per file that was written."""
    name = deployment.service.name
    known = {
        "compose.yaml": ("Docker Compose", "`docker compose up -d` in this folder"),
        "kubernetes.yaml": ("Kubernetes", "`kubectl apply -f kubernetes.yaml`"),
        "podman.yaml": (
            "the same as `podman kube play` takes it",
            "`podman kube play --seccomp-profile-root . podman.yaml`",
        ),
        f"{name}.container": (
            "Podman under systemd (Quadlet)",
            "with all `.volume` files and `seccomp.json` to `/etc/containers/systemd/`, or without root to "
            f"`~/.config/containers/systemd/`; then `systemctl daemon-reload` and `systemctl start {name}`",
        ),
        "seccomp.json": (
            "the system calls that are allowed",
            "named by the files above; for Kubernetes copy it to every node as "
            f"`/var/lib/kubelet/seccomp/{terms.seccomp_file(deployment)}`",
        ),
        "apparmor": (
            "AppArmor profile",
            f"`apparmor_parser -r apparmor`, then `--security-opt apparmor={terms.profile_name(deployment)}`",
        ),
        "secrets.env.example": ("variables whose values are secrets", "copy to `.env` and fill in"),
    }
    yield "| file | what it is | how to apply it |"
    yield "|---|---|---|"
    for file in sorted(files):
        if file in known:
            what, how = known[file]
            yield f"| `{file}` | {what} | {how} |"


def _secrets(deployment: Deployment) -> Iterator[str]:
    if not deployment.secrets and not deployment.service.secret_env:
        return
    yield "## Secrets"
    yield ""
    yield "No value of a secret is in these files."
    yield ""
    if deployment.service.secret_env:
        secret = terms.secret_name(deployment)
        yield "* Compose: `cp secrets.env.example .env`, then fill it in."
        yield f"* Kubernetes: `kubectl create secret generic {secret} --from-env-file=.env`."
        yield "* Podman under systemd: `podman secret create NAME -` for each variable."
    for item in sorted(deployment.secrets):
        baked = "; **the image holds the value: take it out and change it**" if item.baked else ""
        yield f"* {_text(item.name)} ({item.where}, {_text(item.kind)}): {_text(item.because)}{baked}"


def _given_up(relaxed: Sequence[Relaxation]) -> Iterator[str]:
    if relaxed:
        yield "## What had to be given up"
        yield ""
        yield from (f"* {_text(item.what)}: {_text(item.text)}" for item in relaxed)


def _proved(proofs: Sequence[Proof]) -> Iterator[str]:
    yield "## What was proved"
    yield ""
    if not proofs:
        yield "Nothing yet: these files were emitted and not tried."
    for proof in proofs:
        verdict = {True: "passed", False: "**failed**", None: "not tried here"}[proof.passed]
        steps = f", {proof.steps} steps" if proof.steps else ""
        detail = f": {_text(proof.detail)}" if proof.detail else ""
        yield f"* {_text(proof.where)}: {verdict}{steps}{detail}"
        if proof.enforced:
            yield f"  * enforced: {', '.join(map(_text, proof.enforced))}"
        yield from (f"  * emitted, not enforced here: {_text(what)}" for what in proof.not_enforced)


def _line(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


def _text(text: str) -> str:
    """`text` as Markdown shows it, on one line."""
    return _SPECIAL.sub(r"\\\1", _line(text))
