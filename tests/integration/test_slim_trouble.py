"""What goes wrong around `jettison slim`: each has its exit code and its cause, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration


AS_NOBODY = """
import importlib, os, pkgutil, sys
import jettison
for module in pkgutil.walk_packages(jettison.__path__, "jettison."):  # this user may not be able to read them
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
jettison.cli.app.run(["inspect", "docker-archive:/none.tar"])  # nor what showing an error imports
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
sys.exit(jettison.cli.app.run(sys.argv[1:]))
"""
"""The command line in a process that has become the user nobody."""


def images(engine) -> set[str]:
    """The names of all images of the engine."""
    return set(engine.docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split())


@pytest.fixture
def nothing_published(engine):
    """Fails a test after which the engine has one image more."""
    before = images(engine)
    yield
    assert images(engine) - before == set()


@pytest.fixture
def archive(engine, tiny_image, tmp_path) -> Path:
    """A docker archive of the tiny image."""
    path = tmp_path / "tiny.tar"
    engine.docker("save", "--output", str(path), tiny_image)
    return path


@pytest.fixture
def layout(engine, tiny_image, tmp_path) -> Path:
    """An OCI layout of the tiny image, with the tag `tiny`, as skopeo writes it."""
    path = tmp_path / "layout"
    source = f"docker-daemon:{tiny_image}:latest"
    subprocess.run(
        ["skopeo", "copy", "--quiet", "--src-daemon-host", engine.host, source, f"oci:{path}:tiny"],
        check=True,
    )
    return path


def test_the_tiny_image_is_slimmed(engine, jettison, tiny_image):
    """The image of the following tests is one that works when nothing goes wrong."""
    result = jettison("slim", f"docker-daemon:{tiny_image}", "--keep", "observed")
    assert result.returncode == 0, result.stderr
    engine.docker("image", "rm", f"{tiny_image}:latest-slim")


@pytest.mark.usefixtures("nothing_published")
class TestInput:
    """Images that are not what they should be."""

    def test_an_image_that_does_not_exist(self, jettison):
        """Exit 5, and the message names it."""
        result = jettison("slim", "docker-daemon:no-such/image:here")
        assert result.returncode == 5
        assert "no-such/image" in result.stderr

    def test_an_archive_that_does_not_exist(self, jettison, tmp_path):
        """Exit 5, and the message names it."""
        result = jettison("slim", f"docker-archive:{tmp_path}/nothing.tar", "--output", f"oci:{tmp_path}/out")
        assert result.returncode == 5
        assert "nothing.tar" in result.stderr

    @pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9])
    def test_an_archive_that_was_cut_off(self, part, archive, jettison, tmp_path):
        """Exit 3, whatever is missing."""
        os.truncate(archive, int(archive.stat().st_size * part))
        result = jettison("slim", f"docker-archive:{archive}", "--output", f"oci:{tmp_path}/out")
        assert result.returncode == 3, result.stderr
        assert not (tmp_path / "out").exists()

    def test_an_archive_that_is_none(self, jettison, tmp_path):
        """Exit 3 for a file of another kind."""
        (tmp_path / "poem").write_text("Oh freedom of the sea\n" * 100)
        assert jettison("slim", f"docker-archive:{tmp_path}/poem").returncode == 3

    def test_a_layer_that_is_not_what_its_digest_says(self, jettison, layout, tmp_path):
        """Exit 3, and nothing of it is run."""
        index = json.loads((layout / "index.json").read_bytes())
        blobs = layout / "blobs/sha256"
        manifest = json.loads((blobs / index["manifests"][0]["digest"].removeprefix("sha256:")).read_bytes())
        layer = blobs / manifest["layers"][0]["digest"].removeprefix("sha256:")
        content = bytearray(layer.read_bytes())
        content[len(content) // 2] ^= 1
        layer.write_bytes(content)
        result = jettison("slim", f"oci:{layout}:tiny", "--output", f"oci:{tmp_path}/out:slim")
        assert result.returncode == 3, result.stderr
        assert not (tmp_path / "out").exists()

    def test_an_image_for_another_architecture(self, jettison, layout, tmp_path):
        """Exit 3, and the message names both architectures."""
        subprocess.run(
            ["umoci", "config", "--image", f"{layout}:tiny", "--architecture", "s390x"], check=True
        )
        result = jettison("slim", f"oci:{layout}:tiny", "--output", f"oci:{tmp_path}/out:slim")
        assert result.returncode == 3, result.stderr
        assert "s390x" in result.stderr

    def test_an_option_that_does_not_exist(self, jettison, tiny_image):
        """Exit 2."""
        assert jettison("slim", f"docker-daemon:{tiny_image}", "--keep", "everything").returncode == 2


@pytest.mark.usefixtures("nothing_published")
class TestApplication:
    """Applications that do not work by themselves: exit 6, with their last lines."""

    def test_it_exits_at_once(self, jettison, tiny_image):
        """Its own last words are shown."""
        result = jettison("slim", f"docker-daemon:{tiny_image}", "--cmd", "fail")
        assert result.returncode == 6, result.stderr
        assert "no harbour in sight" in result.stderr

    def test_it_never_gets_ready(self, jettison, tiny_image):
        """After the time given, and not much later."""
        start = time.monotonic()
        result = jettison("slim", f"docker-daemon:{tiny_image}", "--cmd", "silent", "--timeout", "2")
        assert result.returncode == 6, result.stderr
        assert time.monotonic() - start < 30

    def test_it_forks_without_end(self, jettison, tiny_image):
        """It hits the limit of its own cgroup and harms nobody."""
        result = jettison(
            "slim", f"docker-daemon:{tiny_image}", "--cmd", "forks", "--timeout", "3", timeout=120
        )
        assert result.returncode == 6, result.stderr

    def test_its_program_does_not_exist(self, jettison, tiny_image):
        """The message names what cannot be executed."""
        result = jettison("slim", f"docker-daemon:{tiny_image}", "--entrypoint", "/no/such/program")
        assert result.returncode == 6, result.stderr
        assert "/no/such/program" in result.stderr

    def test_the_users_own_check_fails_on_the_original(self, jettison, tiny_image):
        """What the original does not do, its copy need not do."""
        result = jettison(
            "slim", f"docker-daemon:{tiny_image}", "--host-exec", "echo never again >&2; exit 9"
        )
        assert result.returncode == 6, result.stderr
        assert "never again" in result.stderr


@pytest.mark.parametrize("way", ["flood", "stubborn"])
def test_an_application_that_is_only_rude_is_slimmed_all_the_same(way, engine, jettison, tiny_image):
    """Sixteen megabytes of output, or deafness to SIGTERM, are a matter for a warning."""
    result = jettison("slim", f"docker-daemon:{tiny_image}", "--cmd", way, "--stop-timeout", "1")
    assert result.returncode == 0, result.stderr
    engine.docker("image", "rm", f"{tiny_image}:latest-slim")


@pytest.mark.parametrize(("odd", "code"), [("-ge 2", 0), ("-eq 2", 1)])
def test_two_runs_that_agree_by_chance(odd, code, engine, jettison, tiny_image, tmp_path):
    """A difference counts only if the original, asked once more, does not vary in the same place. Runs 0, 1
    and 3 are the original's, 2 is the candidate's."""
    count = f"n=$(cat {tmp_path}/n || echo 0); echo $((n + 1)) > {tmp_path}/n"
    check = f"{count}; if [ $n {odd} ]; then echo failed after $n ms; else echo failed after 0 ms; fi"
    result = jettison("slim", f"docker-daemon:{tiny_image}", "--host-exec", check)
    assert result.returncode == code, result.stdout + result.stderr
    if code == 0:
        engine.docker("image", "rm", f"{tiny_image}:latest-slim")


@pytest.mark.usefixtures("nothing_published")
class TestHost:
    """Hosts that lack something: exit 4, with what to do."""

    def test_there_is_no_runtime(self, jettison, tiny_image, tmp_path):
        """The hint says what to install."""
        (tmp_path / "bin").mkdir()
        result = jettison("slim", f"docker-daemon:{tiny_image}", env={"PATH": str(tmp_path / "bin")})
        assert result.returncode == 4, result.stderr
        assert "runc" in result.stderr

    def test_a_user_who_may_not_have_namespaces(self, engine, archive, private_folders):
        """The hint says how to get them."""
        archive.chmod(0o644)
        refusing = private_folders / "unshare"
        refusing.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n")
        refusing.chmod(0o755)
        private_folders.chmod(0o755)
        environment = engine.environment | {"PATH": f"{private_folders}:{os.environ['PATH']}"}
        command = [sys.executable, "-c", AS_NOBODY, "slim", f"docker-archive:{archive}"]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert result.returncode == 4, result.stderr
        assert "Operation not permitted" in result.stderr
        assert "allow user namespaces" in " ".join(result.stderr.split())

    def test_the_engine_is_not_there(self, jettison, tiny_image, tmp_path):
        """The message names the socket."""
        result = jettison(
            "slim", f"docker-daemon:{tiny_image}", env={"DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
        )
        assert result.returncode == 4, result.stderr
        assert "none.sock" in result.stderr

    @pytest.mark.parametrize("kilobytes", [64, 512, 900])
    def test_the_disk_is_full(self, kilobytes, archive, jettison, tmp_path):
        """Neither a half image nor a folder is left."""
        small = tmp_path / "small"
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "small", small], check=True)
        try:
            folders = {
                "XDG_STATE_HOME": f"{small}/state",
                "XDG_CACHE_HOME": f"{small}/cache",
                "TMPDIR": str(small),
            }
            result = jettison(
                "slim", f"docker-archive:{archive}", "--output", f"oci:{small}/out:slim", env=folders
            )
            assert result.returncode == 4, result.stderr
            assert not (small / "out").exists()
        finally:
            subprocess.run(["umount", small], check=True)


class TestOutput:
    """Names that are taken."""

    def test_a_file_that_exists_is_not_replaced(self, jettison, tiny_image, tmp_path):
        """The file is as it was."""
        taken = tmp_path / "taken.tar"
        taken.write_text("precious")
        result = jettison("slim", f"docker-daemon:{tiny_image}", "--output", f"docker-archive:{taken}")
        assert result.returncode in (2, 4), result.stderr
        assert "taken.tar" in result.stderr
        assert taken.read_text() == "precious"

    def test_a_folder_that_cannot_be_written_is_said_before_the_work(self, jettison, tiny_image):
        """/proc takes no files."""
        result = jettison("slim", f"docker-daemon:{tiny_image}", "--output", "oci:/proc/out:slim")
        assert result.returncode in (2, 4), result.stderr
        assert "/proc/out" in result.stderr


@pytest.mark.usefixtures("nothing_published")
class TestInterruption:
    """Ends that come from outside, at any moment."""

    @pytest.fixture
    def begin(self, engine, tiny_image, private_folders):
        """A function that starts a job and gives its process once `seconds` have passed."""

        def start(seconds: float) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "jettison",
                    "slim",
                    f"docker-daemon:{tiny_image}",
                    "--cmd",
                    "stubborn",
                ],
                env=engine.environment,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            time.sleep(seconds)
            return process

        return start

    @pytest.mark.parametrize("seconds", [0.1, 0.4, 0.8, 1.2, 2.0, 4.0])
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_ends_it_cleanly(self, seconds, number, begin):
        """Exit 128 + n, soon, and nothing is left: no published image, and nothing on the host."""
        process = begin(seconds)
        os.killpg(process.pid, number)
        _, error = process.communicate(timeout=20)
        assert process.returncode in (128 + number, -number), error

    @pytest.mark.parametrize("seconds", [0.4, 0.8, 1.2, 2.0, 4.0])
    def test_what_a_kill_leaves_the_next_start_clears(self, seconds, begin, clean_host, jettison):
        """`kill -9` of the command alone; then the next command that runs images cleans up after it."""
        process = begin(seconds)
        process.kill()
        process.communicate()
        assert jettison("slim", "docker-daemon:no-such/image").returncode == 5
        assert clean_host() == []

    def test_doctor_shows_what_is_left(self, begin, jettison):
        """Before anything is cleared, one can look."""
        process = begin(1.2)
        process.kill()
        process.communicate()
        shown = jettison("doctor")
        assert "/app" in shown.stdout or "jettison-" in shown.stdout
        assert jettison("doctor", "--clear").returncode == 0
        assert "nothing is left" in jettison("doctor").stdout
