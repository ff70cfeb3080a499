"""The documents that come with a slim image: bills of materials and provenance."""

from __future__ import annotations

from jettison.image.digest import Digest
from jettison.image.epoch import created_epoch
from jettison.observe.files import encode
from jettison.packages.provenance import Build, statement
from jettison.packages.sbom import Subject, cyclonedx, spdx
from jettison.slim.finish import Slimmed
from jettison.slim.plan import Job

EVIDENCE = "evidence.json"


def documents(job: Job, made: Slimmed) -> dict[str, bytes]:
    """File name → content of the evidence, the CycloneDX and SPDX bills of what remains, and the in-toto
    statement that ties the image to its original. The same job on the same evidence gives the same bytes."""
    contents = made.candidate.trimmed.contents
    image = made.candidate.image
    name = made.report.published[0].reference if made.report.published else image.reference
    subject = Subject(
        name=name, digest=str(image.manifest_digest), created=created_epoch(image.config.created)
    )
    evidence = encode(made.evidence)
    out = {
        "sbom.cdx.json": cyclonedx(contents, subject),
        "sbom.spdx.json": spdx(contents, subject),
    }
    build = Build(
        original=made.report.image.reference,
        original_digest=made.report.image.config_digest,
        parameters=_parameters(job),
        inputs={EVIDENCE: str(Digest.of(evidence))},
        outputs={name: str(Digest.of(raw)) for name, raw in out.items()},
    )
    return {EVIDENCE: evidence, **out, "provenance.json": statement(build, subject)}


def _parameters(job: Job) -> dict[str, object]:
    """What decided the contents; commands of the workload may hold secrets, so only their number is told."""
    return {
        "keep": str(job.wanted.policy),
        "shell": job.wanted.shell,
        "include": list(job.wanted.include),
        "exclude": list(job.wanted.exclude),
        "http": list(job.drive.http),
        "commands": len(job.drive.exec) + len(job.drive.host_exec),
    }
