"""Readers of what images hold: whatever the bytes are, they answer or refuse, and the answer is bounded."""

from __future__ import annotations

import ast
import io
import sys
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from jettison.errors import InvalidInputError, UsageError
from jettison.keep.elf import MAGIC, ElfReader, read_elf
from jettison.keep.globs import Glob
from jettison.keep.languages.python import imports_of
from jettison.keep.loader import parse_cache
from jettison.keep.rules.commands import started_in_code
from jettison.keep.rules.scripts import shebang
from jettison.keep.shell import parse_script

INTERPRETER = Path(sys.executable).resolve().read_bytes()[: 1 << 16]
"""The head of a real program, to be damaged."""


@given(st.binary(max_size=400))
def test_any_bytes_are_an_elf_file_or_not(data):
    """Nothing but a refusal escapes from a file that begins like one."""
    for head in (b"", MAGIC, MAGIC + b"\x02\x01\x01" + bytes(9)):
        try:
            read_elf(io.BytesIO(head + data))
        except InvalidInputError:
            pass


@given(st.lists(st.tuples(st.integers(0, 4095), st.integers(0, 255)), max_size=20))
@example([(32, 255), (54, 255)])
def test_a_damaged_program_is_read_or_refused(damage):
    """Sizes and offsets of real files, changed anywhere in the headers."""
    data = bytearray(INTERPRETER)
    for offset, value in damage:
        data[offset] = value
    try:
        reader = ElfReader(io.BytesIO(bytes(data)))
        reader.summary()
        reader.imports()
    except InvalidInputError:
        pass


@given(st.binary(max_size=300))
def test_any_bytes_are_a_loader_cache(data):
    """A cache that cannot be read is an empty one."""
    for head in (b"", b"glibc-ld.so.cache1.1", b"ld.so-1.7.0\0"):
        found = parse_cache(head + data)
        assert all(path.startswith(b"/") for paths in found.values() for path in paths)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_script(data):
    """Names of programs are never empty, and builtins are none."""
    programs = parse_script(data).programs()
    assert all(programs)
    assert b"cd" not in programs
    list(started_in_code(data))
    shebang(data)


@given(st.text(alphabet="ab*?[]!/.\\", max_size=12), st.binary(max_size=12))
def test_any_pattern_matches_or_is_refused(pattern, path):
    """And every pattern without wildcards matches the path that it is."""
    try:
        glob = Glob(pattern)
    except UsageError:
        return
    glob.matches(path)
    if glob.literal is not None:
        assert glob.matches(glob.literal)
        assert glob.matches(glob.literal + b"/below")


def _by_parser(text: bytes) -> set[bytes]:
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.encode() for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = b"." * node.level + (node.module or "").encode()
            prefix = module if module.endswith(b".") else module + b"."
            found |= {module} if node.module else set()
            found |= {prefix + alias.name.encode() for alias in node.names if alias.name != "*"}
    return found


def test_the_lexer_finds_every_import_that_pythons_own_parser_finds():
    """On a part of the standard library; it may find more, never less."""
    for path in sorted(Path(ast.__file__).parent.glob("[a-c]*.py")):
        text = path.read_bytes()
        assert _by_parser(text) <= set(imports_of(text).modules), path


@given(st.binary(max_size=300))
def test_any_bytes_are_a_module(data):
    """Names that were found can be looked up."""
    assert all(imports_of(data).modules)
