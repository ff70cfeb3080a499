"""The language server, asked by a client of its own over standard input and output."""

import asyncio
import sys

import pytest
from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

DOCKERFILE = "FROM debian:12.5\n# ⚓𝄞\nRUN apt-get update && apt-get install curl=1\nCMD app --serve\n"


async def session(uri, text, *, change=None):
    """What a server says about a file: diagnostics, hover at the CMD, actions for it, after an optional
    change."""
    client = LanguageClient("test", "1")
    said: asyncio.Queue[lsp.PublishDiagnosticsParams] = asyncio.Queue()

    @client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def _on(params):
        said.put_nowait(params)

    await client.start_io(sys.executable, "-c", "from jettison.lint.lsp import main; main()")
    await client.initialize_async(lsp.InitializeParams(capabilities=lsp.ClientCapabilities()))
    client.initialized(lsp.InitializedParams())
    client.text_document_did_open(
        lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri, lsp.LanguageKind.Dockerfile, 1, text))
    )
    found = (await asyncio.wait_for(said.get(), 30)).diagnostics
    if change is not None:
        client.text_document_did_change(
            lsp.DidChangeTextDocumentParams(
                lsp.VersionedTextDocumentIdentifier(2, uri),
                [lsp.TextDocumentContentChangeWholeDocument(change)],
            )
        )
        found = (await asyncio.wait_for(said.get(), 30)).diagnostics
    here = lsp.Position(3, 1)
    document = lsp.TextDocumentIdentifier(uri)
    hover = await client.text_document_hover_async(lsp.HoverParams(document, here))
    actions = await client.text_document_code_action_async(
        lsp.CodeActionParams(document, lsp.Range(here, here), lsp.CodeActionContext(found))
    )
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()
    return found, hover, actions


@pytest.fixture
def uri(tmp_path):
    return (tmp_path / "Dockerfile").as_uri()


def test_findings_documentation_and_fixes(uri):
    found, hover, actions = asyncio.run(session(uri, DOCKERFILE))
    cmd = next(each for each in found if each.code == "SIG101 shell-form-process")
    assert (cmd.range.start.line, cmd.range.start.character) == (3, 0)
    assert "shell-form-process" in hover.contents.value
    assert "## Why is this bad?" in hover.contents.value
    (action,) = [each for each in actions if each.title.startswith("shell-form-process")]
    (edit,) = action.edit.changes[uri]
    assert edit.range.start.line == 3
    assert '["app"' in edit.new_text or edit.new_text.startswith("[")


def test_what_is_typed_is_linted(uri):
    found, _, _ = asyncio.run(session(uri, "FROM scratch\n", change=DOCKERFILE))
    assert "SIG101 shell-form-process" in {each.code for each in found}


def test_a_mistake_in_the_settings_is_shown(tmp_path, uri):
    (tmp_path / "jettison.toml").write_text("[lint]\nselect = 3\n")
    from jettison.lint.server import report_of

    with pytest.raises(Exception, match="select"):
        report_of(uri, DOCKERFILE)


def test_columns_are_counted_in_utf_16(uri):
    from jettison.lint.server import _offset, _position, report_of

    source = report_of(uri, DOCKERFILE).source
    place = source.text.index("𝄞") + 1
    assert _position(source, place) == lsp.Position(1, 5)
    assert _offset(source, lsp.Position(1, 5)) == place
