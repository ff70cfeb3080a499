"""Certificates for one registry (containers-certs.d(5); Docker, "Verify repository client with
certificates")."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path

from jettison.errors import UsageError


def trust(context: ssl.SSLContext, server: str, environment: Mapping[str, str] = os.environ) -> None:
    """Let `context` accept the authorities that are kept for `server` (`HOST[:PORT]`), and show it the
    client's certificate, if there is one. Raises `UsageError` for files that cannot be used."""
    home = Path(environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME") or "/") / ".config")
    for base in (home / "containers", Path("/etc/containers"), Path("/etc/docker")):
        folder = base / "certs.d" / server
        if folder.is_dir():
            _load(context, folder)


def _load(context: ssl.SSLContext, folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        try:
            if path.suffix == ".crt":
                context.load_verify_locations(path)
            elif path.suffix == ".cert":
                context.load_cert_chain(path, path.with_suffix(".key"))
        except (OSError, ssl.SSLError) as error:
            raise UsageError(f"the certificate {path} cannot be used: {error}") from None
