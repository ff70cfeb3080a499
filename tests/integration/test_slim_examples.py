"""`jettison slim` on real applications, from and to a real Docker engine."""

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SERVICES = ["node-express", "python-web", "static-files", "key-value"]
ALL = [*SERVICES, "batch-job"]


def workload(name: str) -> list[str]:
    """The options that exercise an example: its own check, or for a job its own data."""
    if name in SERVICES:
        return ["--host-exec", str(EXAMPLES / name / "verify")]
    return ["--mount", f"{EXAMPLES / name / 'data'}:/data"]


@pytest.fixture(scope="module")
def slimmed(engine, example_image, shared_cache, tmp_path_factory):
    """A function that slims an example once and gives the image's name and the report's folder."""
    done = {}

    def slim(name, jettison):
        if name not in done:
            image = example_image(name)
            report = tmp_path_factory.mktemp(name)
            result = jettison(
                "slim", f"docker-daemon:{image}", "--keep", "observed", "--report", report, *workload(name)
            )
            assert result.returncode == 0, result.stdout + result.stderr
            done[name] = (f"{image}:latest-slim", report)
        return done[name]

    yield slim
    for image, _ in done.values():
        engine.docker("image", "rm", image)


@pytest.mark.parametrize("name", ALL)
def test_the_slim_image_works_in_docker(name, engine, jettison, slimmed):
    """The application's own check passes on the slim image, run by Docker and not by us."""
    image, _ = slimmed(name, jettison)
    engine.script(EXAMPLES / "prove", name, image)


@pytest.mark.parametrize("name", ALL)
def test_the_slim_image_is_much_smaller(name, engine, jettison, slimmed):
    """Less than half of the bytes, and a twentieth of the files are left."""
    image, report = slimmed(name, jettison)
    sizes = [
        int(engine.docker("image", "inspect", "--format", "{{.Size}}", each))
        for each in (f"jettison-examples/{name}", image)
    ]
    assert sizes[1] < sizes[0] / 2
    document = json.loads((report / "report.json").read_bytes())
    assert document["slim"]["files"] < document["original"]["files"] / 10


@pytest.mark.parametrize("name", ALL)
def test_the_configuration_survives(name, engine, jettison, slimmed):
    """Command, user, environment, ports, health check, stop signal and the rest are those of the original."""
    image, _ = slimmed(name, jettison)
    original, slim = (
        json.loads(engine.docker("image", "inspect", "--format", "{{json .Config}}", each))
        for each in (f"jettison-examples/{name}", image)
    )
    assert {key: value for key, value in slim.items() if value} == {
        key: value for key, value in original.items() if value
    }


@pytest.mark.parametrize("name", ALL)
def test_the_same_evidence_gives_the_same_image(name, jettison, slimmed, tmp_path):
    """Two runs from one evidence file write images of the same digest."""
    _, report = slimmed(name, jettison)
    digests = []
    for turn in ("first", "second"):
        result = jettison(
            "slim",
            f"docker-daemon:jettison-examples/{name}",
            *(
                "--keep",
                "observed",
                "--evidence",
                report / "evidence.json",
                "--output",
                f"oci:{tmp_path / turn}:slim",
            ),
            *workload(name),
        )
        assert result.returncode == 0, result.stdout + result.stderr
        index = json.loads((tmp_path / turn / "index.json").read_bytes())
        digests.append(index["manifests"][0]["digest"])
    assert digests[0] == digests[1]


def test_why_prints_the_chain_of_reasons(jettison, slimmed):
    """A library is there because a program needs it, which is there because it was run."""
    _, report = slimmed("static-files", jettison)
    evidence = json.loads((report / "report.json").read_bytes())
    library = next(path for path in evidence["kept"] if "/libcrypto.so." in path)
    result = jettison("why", report, library)
    assert result.returncode == 0
    assert "nginx" in result.stdout
    assert "libcrypto" in result.stdout


def test_why_says_of_a_dropped_path_that_it_was_dropped(jettison, slimmed):
    """Nothing asked for the package manager."""
    _, report = slimmed("static-files", jettison)
    result = jettison("why", report, "/usr/bin/apt-get")
    assert result.returncode in (0, 1)
    assert "dropped" in (result.stdout + result.stderr).lower()


def test_a_published_report_says_how_long_each_stage_took(jettison, slimmed):
    """The report is one JSON document with its schema, the stages and the verification."""
    _, report = slimmed("key-value", jettison)
    document = json.loads((report / "report.json").read_bytes())
    assert document["schema"] == "jettison.report/1"
    assert document["verification"]["passed"] is True
    assert sum(document["seconds"].values()) > 0
    assert json.loads((report / "evidence.json").read_bytes())["schema"] == "jettison.evidence/1"
