"""Links and assets of one page, of the same origin only: what a browser would ask for next.

Found by bounded regular expressions and not by a parser: a page is whatever an untrusted application sends,
and the time for it must be linear.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from urllib.parse import urljoin, urlsplit

from jettison.limits import CRAWL_DEPTH, CRAWL_PAGES
from jettison.workload.client import Answer
from jettison.workload.endpoint import Endpoint
from jettison.workload.steps import HttpRequest, printable_path

_TAG = re.compile(
    r"<(a|area|audio|base|body|embed|form|frame|iframe|image|img|input|link|object|script|source|track|use|video)\b"
    r"((?:[^<>\"']++|\"[^\"]{0,4000}+\"|'[^']{0,4000}+'){0,400}+)>",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    r"([a-z:-]{1,20})\s{0,20}=\s{0,20}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE
)
_CSS_URL = re.compile(
    r"url\(\s{0,20}['\"]?([^'\")\s]{1,2000}+)['\"]?\s{0,20}\)|@import\s{1,20}['\"]([^'\"]{1,2000})['\"]"
)
_LINKS = frozenset(
    ("href", "src", "data-src", "poster", "data", "action", "background", "xlink:href", "formaction")
)
_SETS = frozenset(("srcset", "imagesrcset"))
_NO_PAGE = frozenset(("nofollow", "preconnect", "dns-prefetch", "external"))
_AWAY = re.compile(
    r"(?:^|[/?&=_-])(?:log-?_?out|log-?_?off|sign-?_?out|delete|remove|destroy|unsubscribe|shutdown|restart|reset)(?:$|[/?&=._-])",
    re.IGNORECASE,
)
"""Links that would change what the next step sees."""
_LOCAL = frozenset(("localhost", "127.0.0.1", "::1"))
_QUERIES_PER_PATH = 5
"""Different queries of one path that are followed: a calendar has no end."""


class Crawl:
    """What is to be requested next, breadth first in the order of the pages: deterministic, bounded in depth
    and number."""

    def __init__(self, endpoint: Endpoint, *, seen: Iterable[str]) -> None:
        self._endpoint = endpoint
        self._seen = set(seen)
        self._queries: dict[str, int] = {}
        self._queue: list[tuple[HttpRequest, int]] = []
        self._made = 0

    def skip(self, path: str) -> None:
        """Do not ask for `path`: somebody else does."""
        self._seen.add(path)

    def learn(self, page: HttpRequest, answer: Answer, depth: int = 0) -> None:
        """Queue what the answer to `page`, found `depth` links from the start, links to."""
        if depth >= CRAWL_DEPTH or answer.status is None:
            return
        for path in links(page.path, answer, self._endpoint):
            bare, question, _ = path.partition("?")
            self._queries[bare] = self._queries.get(bare, 0) + bool(question)
            if path not in self._seen and self._queries[bare] <= _QUERIES_PER_PATH:
                self._seen.add(path)
                self._queue.append((HttpRequest(path=path, source="crawl", port=page.port), depth + 1))

    def __iter__(self) -> Iterator[tuple[HttpRequest, int]]:
        """Requests with their depth; `learn` may be called in between."""
        while self._queue and self._made < CRAWL_PAGES:
            self._made += 1
            yield self._queue.pop(0)


def links(page: str, answer: Answer, endpoint: Endpoint) -> list[str]:
    """Paths (with query) of the same origin that `answer` to the request for `page` refers to, in order, each
    once."""
    text = answer.body.text if answer.body else None
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    base = f"{endpoint.scheme}://localhost:{endpoint.port}{page}"
    found: list[str] = []
    if "location" in answer.headers:
        found.append(answer.headers["location"])
    if text and kind in ("text/html", "application/xhtml+xml", "image/svg+xml"):
        base, more = _of_html(_without_comments(text), base)
        found += more
    elif text and kind == "text/css":
        found += _of_css(text)
    paths = (same_origin(base, link, endpoint) for link in found)
    return list(dict.fromkeys(path for path in paths if path is not None and not _AWAY.search(path)))


def same_origin(base: str, link: str, endpoint: Endpoint) -> str | None:
    """The path and query that `link` on page `base` means, if it leads to `endpoint`; else None."""
    try:
        parts = urlsplit(urljoin(base, link.strip()))
        host, port = parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None  # not a URL
    if parts.scheme != endpoint.scheme or port != endpoint.port or host not in _LOCAL | {endpoint.address}:
        return None
    return printable_path((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def _of_html(text: str, base: str) -> tuple[str, list[str]]:
    """The base of relative links, and all links."""
    found: list[str] = []
    for tag, attributes in _TAG.findall(text):
        values = {
            name.lower(): html.unescape(a or b or c) for name, a, b, c in _ATTRIBUTE.findall(attributes)
        }
        match tag.lower():
            case "base":
                base = urljoin(base, values.get("href", ""))
            case "form" if values.get("method", "get").lower() != "get":
                pass
            case _ if not _NO_PAGE.isdisjoint(values.get("rel", "").lower().split()):
                pass
            case _:
                found += _of_attributes(values)
    found += _of_css(text)  # style elements and attributes
    return base, found


def _without_comments(text: str) -> str:
    parts, position = [], 0
    while (start := text.find("<!--", position)) >= 0:
        parts.append(text[position:start])
        end = text.find("-->", start)
        if end < 0:
            return "".join(parts)
        position = end + 3
    return "".join([*parts, text[position:]])


def _of_attributes(values: dict[str, str]) -> Iterator[str]:
    for name, value in values.items():
        if name in _LINKS and value:
            yield value
        elif name in _SETS:
            yield from (part.split()[0] for part in value.split(",") if part.strip())


def _of_css(text: str) -> Iterator[str]:
    return (url or imported for url, imported in _CSS_URL.findall(text))
