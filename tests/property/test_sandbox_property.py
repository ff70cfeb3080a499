"""What the sandbox reads from images and applications never surprises it."""

import os
import string
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from jettison.errors import InvalidInputError, UsageError
from jettison.sandbox.advisories import parse_version
from jettison.sandbox.output import Tail
from jettison.sandbox.spec import parse_mount, parse_signal, read_env_file
from jettison.sandbox.users import User, resolve_user

pieces = st.lists(st.binary(max_size=40), max_size=20)


@given(pieces, st.integers(1, 64))
def test_a_tail_is_the_end_of_all_that_came(data: list[bytes], limit: int) -> None:
    tail = Tail(limit)
    reader, writer = os.pipe()
    try:
        for piece in data:
            os.write(writer, piece)
            left = len(piece)
            while left:
                left -= tail.read_from(reader)
    finally:
        os.close(reader)
        os.close(writer)
    whole = b"".join(data)
    assert tail.bytes() == whole[-limit:]
    assert tail.dropped + len(tail.bytes()) == len(whole)


@given(st.text(max_size=30))
def test_a_stop_signal_is_a_signal_or_refused(text: str) -> None:
    try:
        assert 1 <= parse_signal(text) <= 64
    except InvalidInputError:
        pass


@given(st.text(max_size=30))
def test_a_user_without_files_is_a_pair_of_small_numbers_or_refused(text: str) -> None:
    try:
        user = resolve_user(None, text)
    except InvalidInputError:
        return
    assert isinstance(user, User)
    assert 0 <= user.uid < 2**31
    assert 0 <= user.gid < 2**31


@given(st.text(alphabet=string.printable + "é\0", max_size=40))
def test_a_mount_is_understood_or_a_usage_error(text: str) -> None:
    try:
        mount = parse_mount(text)
    except UsageError:
        return
    assert mount.destination.startswith("/")
    assert ".." not in mount.destination.split("/")


@given(st.binary(max_size=200))
def test_an_environment_file_gives_variables_or_a_usage_error(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "env")
        path.write_bytes(data)
        try:
            lines = read_env_file(path)
        except UsageError:
            return
    assert all("=" in line and not line.startswith("=") for line in lines)


@given(st.text(max_size=30))
def test_a_version_is_numbers_whatever_a_runtime_says(text: str) -> None:
    assert all(part >= 0 for part in parse_version(text))
