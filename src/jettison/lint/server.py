"""A language server for Dockerfiles: findings while typing, documentation at the pointer, fixes as actions.

The Language Server Protocol, version 3.17, with pygls. Settings are those of the `jettison.toml` nearest to
the file, as on the command line. Started by `jettison.lint.lsp`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

import jettison
from jettison.errors import JettisonError
from jettison.lint import config, files
from jettison.lint.context import BuildContext
from jettison.lint.engine import Report
from jettison.lint.files import Input
from jettison.lint.fix import Applicability, Fix
from jettison.lint.rule import Finding, Severity
from jettison.lint.rules import resolve
from jettison.lint.run import run
from jettison.lint.source import Source, Span
from jettison.lint.testing import documentation

NAME: Final = "jettison"
_LEVELS: Final = {
    Severity.ERROR: lsp.DiagnosticSeverity.Error,
    Severity.WARNING: lsp.DiagnosticSeverity.Warning,
    Severity.INFO: lsp.DiagnosticSeverity.Information,
    Severity.STYLE: lsp.DiagnosticSeverity.Hint,
}


def report_of(uri: str, text: str) -> Report:
    """What is found in the text of an editor; the folder of its file is the build context.

    Raises `UsageError` for a malformed configuration.
    """
    path = Path(unquote(urlsplit(uri).path))
    read = files.read_stream(io.BytesIO(text.encode("utf-8", "surrogatepass")), path.name)
    folder = BuildContext(path.parent, path.name) if path.parent.is_dir() else None
    settings = config.Nearest().of(path.parent)
    item = Input(read.path, read.source, folder, read.problem)
    return run([item], lambda _: settings).reports[0]


def serve() -> LanguageServer:
    """The server, ready to be started."""
    server = LanguageServer(NAME, f"v{jettison.__version__}")

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def _opened(params: lsp.DidOpenTextDocumentParams) -> None:
        _publish(server, params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def _changed(params: lsp.DidChangeTextDocumentParams) -> None:
        _publish(server, params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    def _hover(params: lsp.HoverParams) -> lsp.Hover | None:
        report = _report(server, params.text_document.uri)
        told = [_told(each) for each in _between(report, params.position, params.position)]
        if not told:
            return None
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, "\n\n---\n\n".join(told)))

    @server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION)
    def _actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        uri = params.text_document.uri
        report = _report(server, uri)
        touched = _between(report, params.range.start, params.range.end)
        return list(_offered(touched, report.source, uri))

    return server


def _report(server: LanguageServer, uri: str) -> Report:
    return report_of(uri, server.workspace.get_text_document(uri).source)


def _publish(server: LanguageServer, uri: str) -> None:
    try:
        report = _report(server, uri)
        found = [_diagnostic(each, report.source) for each in report.findings]
    except JettisonError as error:  # a mistake in jettison.toml is said where it takes effect
        top = lsp.Position(0, 0)
        found = [lsp.Diagnostic(lsp.Range(top, top), str(error), lsp.DiagnosticSeverity.Error, source=NAME)]
    server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, found))


def _diagnostic(finding: Finding, source: Source) -> lsp.Diagnostic:
    return lsp.Diagnostic(
        _range(finding.span, source),
        finding.message,
        _LEVELS[finding.severity],
        code=f"{finding.code} {finding.name}",
        source=NAME,
    )


def _told(finding: Finding) -> str:
    """The finding, and what its rule has to say."""
    rules = resolve(finding.code)
    text = documentation(type(rules[0])) if rules else finding.url
    return f"**{finding.code} {finding.name}**: {finding.message}\n\n{text}"


def _offered(findings: Iterable[Finding], source: Source, uri: str) -> Iterator[lsp.CodeAction]:
    """The fixes of findings, safe ones first."""
    fixable = [(each.fix, each) for each in findings if each.fix is not None]
    for fix, finding in sorted(fixable, key=lambda pair: pair[0].applicability is not Applicability.SAFE):
        if fix.applicability is Applicability.DISPLAY:
            continue
        unsafe = " (may change the build)" if fix.applicability is Applicability.UNSAFE else ""
        yield lsp.CodeAction(
            f"{finding.name}: {fix.title}{unsafe}",
            kind=lsp.CodeActionKind.QuickFix,
            diagnostics=[_diagnostic(finding, source)],
            edit=lsp.WorkspaceEdit(changes={uri: _edits(fix, source)}),
            is_preferred=not unsafe,
        )


def _edits(fix: Fix, source: Source) -> list[lsp.TextEdit]:
    return [lsp.TextEdit(_range(edit.span, source), edit.text) for edit in fix.edits]


def _between(report: Report, start: lsp.Position, end: lsp.Position) -> list[Finding]:
    """Findings that touch a range."""
    first, last = _offset(report.source, start), _offset(report.source, end)
    return [each for each in report.findings if each.span.start <= last and first <= each.span.end]


def _range(span: Span, source: Source) -> lsp.Range:
    return lsp.Range(_position(source, span.start), _position(source, span.end))


def _position(source: Source, offset: int) -> lsp.Position:
    """The protocol counts lines from 0, and columns in UTF-16 code units."""
    line = source.position(offset).line
    before = source.text[source.starts[line - 1] : offset]
    return lsp.Position(line - 1, len(before.encode("utf-16-le", "surrogatepass")) // 2)


def _offset(source: Source, position: lsp.Position) -> int:
    if position.line >= len(source.starts):
        return len(source.text)
    start = source.starts[position.line]
    units = source.line(position.line + 1).encode("utf-16-le", "surrogatepass")[: 2 * position.character]
    return start + len(units.decode("utf-16-le", "ignore"))
