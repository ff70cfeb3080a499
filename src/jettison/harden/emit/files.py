"""All files of one deployment."""

from __future__ import annotations

from collections.abc import Sequence

from jettison.harden.emit import seccomp
from jettison.harden.emit.apparmor import apparmor
from jettison.harden.emit.compose import compose
from jettison.harden.emit.contents import Contents
from jettison.harden.emit.kubernetes import kubernetes
from jettison.harden.emit.quadlet import quadlet
from jettison.harden.emit.readme import readme, secrets_example
from jettison.harden.emit.target import PODMAN, cluster, for_podman
from jettison.harden.model import Deployment, Proof, Relaxation
from jettison.image.config import ImageConfig
from jettison.layers.merge import MergedTree
from jettison.observe.evidence import Evidence


def emit(
    deployment: Deployment,
    evidence: Evidence,
    config: ImageConfig,
    tree: MergedTree,
    *,
    compatible: bool = False,
    proofs: Sequence[Proof] = (),
    relaxed: Sequence[Relaxation] = (),
) -> dict[str, str]:
    """File name, relative to the output folder → content. The same arguments give the same bytes.

    `config` and `tree` are the image's that is deployed. `compatible` says that programs of the 32-bit ABI
    ran. `proofs` and `relaxed` are for the README.
    """
    contents = Contents(tree, config.config)
    files = {
        "apparmor": apparmor(deployment, evidence, contents),
        "compose.yaml": compose(deployment, evidence, contents),
        "kubernetes.yaml": kubernetes(deployment, contents, cluster(deployment)),
        "podman.yaml": kubernetes(for_podman(deployment), contents, PODMAN),
        **quadlet(deployment, evidence),
    }
    if (allowed := deployment.settings.seccomp) is not None:
        files["seccomp.json"] = seccomp.profile(allowed, config.architecture, compatible=compatible)
    if example := secrets_example(deployment):
        files["secrets.env.example"] = example
    files["README.md"] = readme(deployment, files, proofs, relaxed)
    return dict(sorted(files.items()))
