"""HTTP requests from an OpenAPI 3 or Swagger 2 document: every operation once, with values that its schema
calls valid.

Values come from `example`, `examples`, `default`, `const` and `enum`, and else from type, format and bounds.
The document may come from the application, so values, depth and number of requests are bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode, urlsplit

import msgspec

from jettison.limits import OPENAPI_REQUESTS
from jettison.workload.apidoc import load
from jettison.workload.steps import HttpRequest, printable_path

_METHODS: Final = ("get", "head", "options", "post", "put", "patch", "delete")
"""In this order, so that what is read exists and what is made is not deleted too early."""
_MAX_DEPTH = 8
_MAX_VALUES = 20_000
"""Values made from one document: a schema may refer to itself many times over."""
_BOUNDARY = "jettison-form-boundary"
_BY_FORMAT: Final[dict[str, str]] = {
    "date": "2024-02-29",
    "date-time": "2024-02-29T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "PT1H",
    "uuid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "email": "ada@example.com",
    "uri": "http://localhost/",
    "url": "http://localhost/",
    "hostname": "localhost",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "byte": "dGV4dA==",
}
_NOT_SENT = frozenset(("accept", "content-type", "authorization"))
"""Header parameters that a document may not describe (OpenAPI 3.0, Parameter Object)."""


def requests(document: bytes, name: str) -> list[HttpRequest]:
    """The requests of all operations of `document`, which came from `name`.

    Raises UsageError for what is no such document, LimitError for one that is too large.
    """
    return list(_requests(_Document(load(document, name))))


@dataclass
class _Document:
    """The document, with its references resolved on the way (only those into itself)."""

    root: dict[str, Any]
    values: int = 0

    def follow(self, node: Any) -> dict[str, Any]:
        """`node`, or what its `$ref` means; empty for anything that is no object."""
        for _ in range(_MAX_DEPTH):
            if not isinstance(node, dict):
                return {}
            if "$ref" not in node:
                return node
            node = self._at(node["$ref"])
        return {}

    def _at(self, reference: Any) -> Any:
        """JSON Pointer (RFC 6901) in a fragment."""
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return {}
        node: Any = self.root
        for part in reference[2:].split("/"):
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            node = node.get(key) if isinstance(node, dict) else None
        return node

    def base(self) -> str:
        """The path that all paths are below."""
        servers = self.root.get("servers")
        if isinstance(servers, list) and servers:
            url = self.follow(servers[0]).get("url")
            return urlsplit(url).path.rstrip("/") if isinstance(url, str) and "{" not in url else ""
        base = self.root.get("basePath")
        return base.rstrip("/") if isinstance(base, str) else ""

    def example(self, schema: Any, depth: int = 0) -> Any:
        """A value that `schema` allows."""
        self.values += 1
        schema = self._merged(self.follow(schema), depth)
        given, value = _given(schema)
        if given or depth > _MAX_DEPTH or self.values > _MAX_VALUES:
            return value
        match _type(schema):
            case "object":
                return self._object(schema, depth)
            case "array":
                count = min(3, max(1, _number(schema.get("minItems"), 1)))
                return [self.example(schema.get("items"), depth + 1)] * int(count)
            case "boolean":
                return True
            case "integer" | "number" as kind:
                return _numeric(schema, kind)
            case "null":
                return None
            case _:
                return _string(schema)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        required = schema.get("required")
        properties = {
            name: each
            for name, each in _mapping(schema.get("properties")).items()
            if not self.follow(each).get("readOnly")
            and (depth < 3 or (isinstance(required, list) and name in required))
        }
        made = {name: self.example(each, depth + 1) for name, each in properties.items()}
        if not made and isinstance(schema.get("additionalProperties"), dict):
            made["key"] = self.example(schema["additionalProperties"], depth + 1)
        return made

    def _merged(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        """`schema` with all of `allOf` and the first of `oneOf` or `anyOf` folded in."""
        parts = [*_list(schema.get("allOf")), *(_list(schema.get("oneOf")) or _list(schema.get("anyOf")))[:1]]
        if not parts or depth > _MAX_DEPTH or self.values > _MAX_VALUES:
            return schema
        merged = {key: value for key, value in schema.items() if key not in ("allOf", "oneOf", "anyOf")}
        for part in parts[:50]:
            self.values += 1
            more = self._merged(self.follow(part), depth + 1)
            properties = _mapping(merged.get("properties")) | _mapping(more.get("properties"))
            names = (*_list(merged.get("required")), *_list(more.get("required")))
            required = list(dict.fromkeys(name for name in names if isinstance(name, str)))
            merged = more | merged | {"properties": properties, "required": required}
        return merged


def _requests(document: _Document) -> Iterator[HttpRequest]:
    paths = _mapping(document.root.get("paths"))
    operations = [
        (path, method, document.follow(item))
        for method in _METHODS
        for path, item in paths.items()
        if path.startswith("/") and isinstance(document.follow(item).get(method), dict)
    ]
    for path, method, item in operations[:OPENAPI_REQUESTS]:
        yield _request(document, path, method, item)


def _request(document: _Document, path: str, method: str, item: dict[str, Any]) -> HttpRequest:
    operation = item[method]
    parameters = _parameters(document, item, operation)
    query = []
    headers: dict[str, str] = {}
    cookies = []
    for (name, where), parameter in parameters.items():
        value = _parameter_value(document, parameter)
        wanted = parameter.get("required") or _has_example(document, parameter)
        match where:
            case "path":
                path = path.replace("{" + name + "}", quote(_plain(value), safe=""))
            case "query" if wanted:
                query += [(name, _plain(each)) for each in (value if isinstance(value, list) else [value])]
            case "header" if wanted and name.lower() not in _NOT_SENT:
                headers[name] = _one_line(_plain(value))
            case "cookie" if wanted:
                cookies.append(f"{name}={quote(_plain(value))}")
    if cookies:
        headers["cookie"] = "; ".join(cookies)
    body, kind = _body(document, operation, parameters)
    if kind:
        headers["content-type"] = kind
    question = "?" + urlencode(query) if query else ""
    return HttpRequest(
        method=method.upper(),
        path=printable_path(document.base() + path) + question,
        headers=tuple(headers.items()),
        body=body,
        source="openapi",
    )


_Parameters = Mapping[tuple[str, str], dict[str, Any]]


def _parameters(document: _Document, item: dict[str, Any], operation: dict[str, Any]) -> _Parameters:
    """Name and place → parameter; the operation's override the path's."""
    found = [
        document.follow(p) for p in [*_list(item.get("parameters")), *_list(operation.get("parameters"))]
    ]
    return {
        (p["name"], p["in"]): p
        for p in found
        if isinstance(p.get("name"), str) and isinstance(p.get("in"), str)
    }


def _parameter_value(document: _Document, parameter: dict[str, Any]) -> Any:
    given, value = _given(parameter)
    if given:
        return value
    schema = parameter.get("schema")
    if schema is None:  # by media type, or as Swagger 2 has it: the parameter is its own schema
        media = next(iter(_mapping(parameter.get("content")).values()), None)
        schema = parameter if media is None else document.follow(media).get("schema")
    return document.example(schema)


def _has_example(document: _Document, parameter: dict[str, Any]) -> bool:
    return _given(parameter)[0] or _given(document.follow(parameter.get("schema")))[0]


def _body(document: _Document, operation: dict[str, Any], parameters: _Parameters) -> tuple[bytes, str]:
    """The body and its content type; both empty when there is none."""
    content = _mapping(document.follow(operation.get("requestBody")).get("content"))
    if content:
        kind = min(content, key=_preference)
        media = document.follow(content[kind])
        given, value = _given(media)
        return _encoded(kind, value if given else document.example(media.get("schema")))
    for (_, where), parameter in parameters.items():
        if where == "body":
            return _encoded("application/json", document.example(parameter.get("schema")))
    form = {
        name: _parameter_value(document, p) for (name, where), p in parameters.items() if where == "formData"
    }
    if not form:
        return b"", ""
    consumes = _list(operation.get("consumes") or document.root.get("consumes"))
    multipart = "multipart/form-data" in consumes
    return _encoded("multipart/form-data" if multipart else "application/x-www-form-urlencoded", form)


def _preference(kind: str) -> tuple[int, str]:
    bare = kind.partition(";")[0].strip().lower()
    if bare == "application/json" or bare.endswith("+json"):
        return 0, bare
    order = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
    return (order.index(bare) + 1 if bare in order else len(order) + 1), bare


def _encoded(kind: str, value: Any) -> tuple[bytes, str]:
    match _preference(kind)[0]:
        case 0:
            return msgspec.json.encode(value), _one_line(kind)
        case 1:
            pairs = [(name, _plain(each)) for name, each in _mapping(value).items()]
            return urlencode(pairs).encode(), _one_line(kind)
        case 2:
            return _multipart(_mapping(value)), f"multipart/form-data; boundary={_BOUNDARY}"
        case _:
            return _plain(value).encode(), _one_line(kind)


def _multipart(fields: dict[str, Any]) -> bytes:
    parts = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{quote(name)}"\r\n\r\n{_plain(value)}\r\n'
        for name, value in fields.items()
    ]
    return ("".join(parts) + f"--{_BOUNDARY}--\r\n").encode()


def _given(node: dict[str, Any]) -> tuple[bool, Any]:
    """Whether `node` itself says a value, and the value."""
    if "example" in node:
        return True, node["example"]
    examples = node.get("examples")
    if isinstance(examples, list) and examples:  # JSON Schema
        return True, examples[0]
    if isinstance(examples, dict) and examples:  # Example Objects
        first = next(iter(examples.values()))
        if isinstance(first, dict) and "value" in first:
            return True, first["value"]
    for key in ("default", "const"):
        if key in node:
            return True, node[key]
    if isinstance(node.get("enum"), list) and node["enum"]:
        return True, node["enum"][0]
    return False, None


def _type(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if isinstance(kind, str):
        return kind
    if "properties" in schema or "additionalProperties" in schema:
        return "object"
    return "array" if "items" in schema else "string"


def _numeric(schema: dict[str, Any], kind: str) -> float:
    low, high = _number(schema.get("minimum"), None), _number(schema.get("maximum"), None)
    above = schema.get("exclusiveMinimum")
    if above is True and low is not None:  # OpenAPI 3.0
        low += 1
    elif above is not True and _number(above, None) is not None:  # 3.1
        low = _number(above, 0) + 1
    value = low if low is not None else min(1, high) if high is not None else 1
    step = _number(schema.get("multipleOf"), 0)
    if step > 0:
        value = -(-value // step) * step
    return int(value) if kind == "integer" else value


def _string(schema: dict[str, Any]) -> str:
    text = _BY_FORMAT.get(str(schema.get("format")), "text")
    least, most = int(_number(schema.get("minLength"), 0)), int(_number(schema.get("maxLength"), 10_000))
    return (text + "x" * (min(least, 10_000) - len(text)))[: max(most, 0)]


def _number(value: Any, otherwise: Any) -> Any:
    return (
        value
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
        else otherwise
    )


def _plain(value: Any) -> str:
    """`value` as it stands in a path, a query or a form field."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list):
        return ",".join(map(_plain, value))
    return "" if value is None else msgspec.json.encode(value).decode()


def _one_line(text: str) -> str:
    return "".join(c for c in text if " " <= c <= "~")


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
