"""Files that a batch job wrote in its writable mounts."""

import os

from jettison.limits import BODY_BYTES
from jettison.sandbox.outputs import Outputs
from jettison.workload.outputs import written


def test_new_and_changed_files_are_the_answer_and_others_are_not(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("same", "changed", "sub/rewritten"):
        (tmp_path / name).write_text("old")
    outputs = Outputs({"/data": tmp_path})
    (tmp_path / "changed").write_text("longer")
    (tmp_path / "sub/rewritten").write_text("new")
    (tmp_path / "sub/fresh").write_text("fresh")
    found = written(outputs)
    assert {path: content.text for path, content in found.items()} == {
        "/data/changed": "longer",
        "/data/sub/fresh": "fresh",
        "/data/sub/rewritten": "new",
    }


def test_links_pipes_and_devices_are_never_opened(tmp_path):
    outputs = Outputs({"/data": tmp_path})
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe")
    assert written(outputs) == {}


def test_a_mounted_file_is_a_file(tmp_path):
    file = tmp_path / "out.json"
    file.write_text("{}")
    outputs = Outputs({"/out.json": file})
    assert written(outputs) == {}
    file.write_text("{1}")
    assert list(written(outputs)) == ["/out.json"]


def test_names_that_are_no_text_are_encoded(tmp_path):
    outputs = Outputs({"/": tmp_path})
    with open(os.fsencode(tmp_path) + b"/\xff", "wb"):
        pass
    assert list(written(outputs)) == ["/%FF"]


def test_a_huge_file_is_read_up_to_the_bound(tmp_path):
    outputs = Outputs({"/data": tmp_path})
    with open(tmp_path / "huge", "wb") as file:
        file.truncate(BODY_BYTES * 4)
    content = written(outputs)["/data/huge"]
    assert content.truncated
    assert content.size < BODY_BYTES * 2


def test_a_mount_that_is_gone_holds_nothing(tmp_path):
    assert written(Outputs({"/data": tmp_path / "gone"})) == {}
