"""What the folder holds."""

import pytest
from deployments import DATA, deployment, deployments, files
from hypothesis import HealthCheck, given, settings

from jettison.harden import model


def test_the_folder_has_a_file_for_each_way_to_run_it():
    assert list(files(deployment(storage=(DATA,)))) == [
        "README.md",
        "apparmor",
        "compose.yaml",
        "kubernetes.yaml",
        "podman.yaml",
        "seccomp.json",
        "web-srv-data.volume",
        "web.container",
    ]


def test_a_profile_that_is_not_known_is_not_written():
    assert "seccomp.json" not in files(deployment(seccomp=None))


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(deployments)
def test_the_same_decisions_give_the_same_bytes(deployed):
    assert files(deployed) == files(deployed)


def readme(deployed=None, **more) -> str:
    return files(deployed or deployment(), **more)["README.md"]


def test_the_readme_names_every_file_that_is_there():
    deployed = deployment(service={"secret_env": ("PASS",)})
    for name in files(deployed).keys() - {"README.md"}:
        assert f"`{name}`" in readme(deployed)
    assert "seccomp.json` |" not in readme(deployment(seccomp=None))


@pytest.mark.parametrize(
    ("passed", "word"), [(True, "passed"), (False, "**failed**"), (None, "not tried here")]
)
def test_the_readme_says_what_was_proved_and_what_was_not(passed, word):
    proof = model.Proof(
        where="sandbox",
        passed=passed,
        enforced=("seccomp",),
        not_enforced=("AppArmor: no such kernel",),
        steps=9,
    )
    text = readme(proofs=[proof])
    assert f"* sandbox: {word}, 9 steps" in text
    assert "enforced: seccomp" in text
    assert "emitted, not enforced here: AppArmor: no such kernel" in text


def test_the_readme_says_what_had_to_be_given_up():
    assert "* user: it must be root" in readme(relaxed=[model.Relaxation("user", "it must be root")])


def test_a_baked_secret_is_called_out_and_no_markup_comes_from_an_image():
    secret = model.Secret("environment", "A|<b>`x`", "password", "in ENV\n# of the image", baked=True)
    text = readme(
        model.Deployment(
            **{n: getattr(deployment(), n) for n in ("service", "settings", "operations", "life")},
            secrets=(secret,),
        )
    )
    assert "the image holds the value" in text
    assert "A\\|\\<b\\>\\`x\\`" in text
    assert "\n# of the image" not in text
