"""What our own source never does, however convenient."""

import ast
from collections.abc import Iterator

FORBIDDEN_MODULES = {"tarfile", "pickle", "marshal", "shelve"}
FORBIDDEN_CALLS = {"eval", "exec", "extractall", "unpack_archive", "system", "popen", "mktemp"}
STARTERS = {"run", "Popen", "call", "check_call", "check_output", "create_subprocess_shell"}
WHOLE_READS = {"read", "readall", "readlines", "readline"}
MAX_FUNCTION_LINES = 90
MAX_FILE_LINES = 600


def calls(tree: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    """Every call with the last part of what is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    yield node, name


def imports(tree: ast.Module) -> Iterator[tuple[ast.stmt, str]]:
    """Every imported module, absolute."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node, alias.name) for alias in names)
            case ast.ImportFrom(module=str(module)):
                yield node, module


def test_archives_are_read_by_our_own_reader_and_nothing_is_unpickled(modules):
    """Neither tarfile nor pickle and their like are imported."""
    found = [
        f"{m.at(node)} {name}" for m in modules for node, name in imports(m.tree) if name in FORBIDDEN_MODULES
    ]
    assert found == []


def test_nothing_is_extracted_blindly_evaluated_or_run_by_a_shell_behind_the_scenes(modules):
    """No call unpacks a whole archive, evaluates text, or hands a command to a shell of the host."""
    found = [
        f"{m.at(node)} {name}"
        for m in modules
        for node, name in calls(m.tree)
        if name in FORBIDDEN_CALLS and not (isinstance(node.func, ast.Attribute) and name == "exec")
    ]
    assert found == []


def test_no_process_is_started_through_a_shell(modules):
    """`shell=` is never given to what starts a process."""
    found = [
        m.at(node)
        for m in modules
        for node, name in calls(m.tree)
        if name in STARTERS and any(keyword.arg == "shell" for keyword in node.keywords)
    ]
    assert found == []


def test_every_read_of_a_stream_has_a_bound(modules):
    """`read` and its like always say how much at the most, so that no stream can fill the memory."""
    found = [
        m.at(node)
        for m in modules
        for node, name in calls(m.tree)
        if isinstance(node.func, ast.Attribute)
        and name in WHOLE_READS
        and not node.args
        and not node.keywords
        and not _is_made_on_the_spot(node.func.value)
    ]
    assert found == []


def _is_made_on_the_spot(receiver: ast.expr) -> bool:
    """Is it an instance as in `Lexer(text).read()`, and so no stream from outside?"""
    return (
        isinstance(receiver, ast.Call)
        and isinstance(receiver.func, ast.Name)
        and receiver.func.id[0].isupper()
    )


def test_input_is_never_checked_by_assert(modules):
    """`assert` may narrow a type; with `python -O` it is gone, so it compares no values."""
    found = [
        m.at(node)
        for m in modules
        for node in ast.walk(m.tree)
        if isinstance(node, ast.Assert) and not _narrows(node.test)
    ]
    assert found == []


def _narrows(test: ast.expr) -> bool:
    match test:
        case ast.Compare(ops=[ast.Is() | ast.IsNot()]) | ast.Call(func=ast.Name(id="isinstance")):
            return True
        case ast.BoolOp(values=values):
            return all(_narrows(value) for value in values)
    return False


def test_every_module_says_what_it_is_for(modules):
    """Each has a docstring."""
    found = [m.name for m in modules if not ast.get_docstring(m.tree)]
    assert found == []


def test_every_function_can_be_seen_whole(modules):
    """None is longer than 90 lines."""
    found = [
        f"{m.at(node)} {node.name}: {length} lines"
        for m in modules
        for node in ast.walk(m.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION_LINES
    ]
    assert found == []


def test_every_file_can_be_read_at_a_sitting(modules):
    """None is longer than 600 lines."""
    found = [f"{m.name}: {lines} lines" for m in modules if (lines := m.text.count("\n")) > MAX_FILE_LINES]
    assert found == []
