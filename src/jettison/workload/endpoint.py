"""Where an application can be reached inside its network namespace."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Scheme(StrEnum):
    """What is spoken at a port, found by asking."""

    HTTP = "http"
    HTTPS = "https"
    TCP = "tcp"
    UDP = "udp"

    @property
    def web(self) -> bool:
        """Whether HTTP requests can be made there."""
        return self in (Scheme.HTTP, Scheme.HTTPS)


class Endpoint(Struct, frozen=True, order=True):
    """A listening port and its protocol."""

    port: int
    scheme: Scheme
    address: str = "127.0.0.1"
    """Where to connect to from inside the namespace."""

    def __str__(self) -> str:
        return f"{self.scheme} :{self.port}"

    @property
    def url(self) -> str:
        """`http://127.0.0.1:3000`, without a path."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.scheme}://{host}:{self.port}"
