"""`jettison-lsp`: the language server over standard input and output. Needs the extra `lsp`."""

from __future__ import annotations

import sys

from jettison.errors import HostError


def main() -> None:
    """Serve until the editor hangs up; exit code 4 where pygls is not installed."""
    try:
        from jettison.lint.server import serve
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"error: the language server needs {error.name}\nhint: pip install 'jettison[lsp]'\n"
        )
        sys.exit(HostError.exit_code)
    serve().start_io()
