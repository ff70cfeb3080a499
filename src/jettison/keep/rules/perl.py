"""Keeps the Perl modules that the application's programs can load.

**What.** From the application's Perl (scripts that were executed, its own `.pl` and `.pm` files):
everything that `use`, `require`, `parent` and `base` name, transitively, with the compiled part under
`auto/`. A module of a package other than Perl itself brings all modules of that package. Where Perl runs at
all: its character tables (`unicore`), its pragmas, and the modules that regular expressions and input
layers load by themselves.

**Why.** `require` in a branch is the usual way to load what is seldom needed, and modules of one package
load each other by computed names (time zones, locales, back ends).

**Cost.** 3 to 15 MB. Documentation in the modules stays: it is part of the files.

**Sources.** perlfunc(1), `require`; perlvar(1), `@INC`; DynaLoader(3perl).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Final

from jettison.keep.binary import binary
from jettison.keep.rule import Keep, Rule
from jettison.layers.entry import Kind
from jettison.layers.path import encode_path, name, parent
from jettison.packages.model import Ecosystem

if TYPE_CHECKING:
    from jettison.keep.context import Context
    from jettison.layers.tree import Node

_LOADS: Final = re.compile(
    rb"(?<![$@%&>:])\b(?:use|no|require)\s+(?P<module>[A-Za-z_]\w*(?:::\w+)*)"
    rb"|^\s*use\s+(?:parent|base)\b(?P<parents>[^;]*);"
    rb"|\brequire\s*\(?\s*(?P<q>[\"'])(?P<file>[\w./-]+)(?P=q)"
    rb"|\b(?:load_class|load_module|use_module|require_module|load)\s*\(?\s*[\"'](?P<dynamic>\w+(?:::\w+)+)[\"']",
    re.MULTILINE,
)
_NAMES: Final = re.compile(rb"\w+(?:::\w+)*")
_COMMENT: Final = re.compile(rb"(?:^|(?<=\s))#.*$", re.MULTILINE)
_POD: Final = re.compile(rb"^=[a-zA-Z].*?(?:^=cut\b[^\n]*\n|\Z)", re.MULTILINE | re.DOTALL)
_END: Final = re.compile(rb"^__(?:END|DATA)__\s*$", re.MULTILINE)
_ALWAYS: Final = (
    b"strict warnings utf8 vars constant overload integer bytes feature Carp Exporter Config "
    b"Config_heavy.pl XSLoader DynaLoader Errno Fcntl Encode PerlIO PerlIO::encoding PerlIO::scalar "
    b"Tie::Hash::NamedCapture IO::File IO::Handle File::Spec File::Spec::Unix Cwd Scalar::Util "
    b"List::Util POSIX Symbol SelectSaver unicore::Name _charnames"
).split()
_INTERPRETER: Final = re.compile(rb"(?:perl(?:5[\d.]*)?|libperl\.so[\d.]*)\Z")
_NO_TABLES: Final = (b".txt", b".t", b".pod")
_PERL_PACKAGES: Final = re.compile(rb"(?:perl|perl-base|libperl[\d.]+|perl-modules-[\d.]+)\Z")


class Perl(Rule):
    """Modules of Perl."""

    name = "perl"

    def __init__(self) -> None:
        self._interpreters: dict[bytes, Node] = {}
        self._waiting: list[Node] = []
        self._found: tuple[frozenset[bytes], _Places] | None = None
        self._seen: set[bytes] = set()
        self._read: set[bytes] = set()
        self._packages: set[str] = set()
        self._asked: set[tuple[bytes, bytes]] = set()
        self._settled = False

    def visit(self, context: Context, node: Node) -> Iterable[Keep]:
        """The interpreter, programs of the application, and modules that they brought."""
        if _INTERPRETER.match(name(node.path)):
            self._interpreters[node.path] = node
        elif node.path in self._seen or (_is_perl(context, node) and context.is_application_program(node)):
            self._waiting.append(node)
        return ()

    def settle(self, context: Context) -> Iterable[Keep]:
        """What those load, once it is known where the interpreter looks; and what it asks for by itself."""
        if not self._interpreters:
            return
        any_code = bool(self._waiting)
        while self._waiting:
            yield from self._loaded(context, self._waiting.pop(0))
        if any_code and not self._settled:
            self._settled = True
            yield from self._own(context, min(self._interpreters.values(), key=lambda node: node.path))

    def _follow(self, context: Context, module: Node) -> None:
        """Read `module` too: when it is visited, or now if another rule kept it and the visit is over."""
        self._seen.add(module.path)
        if context.is_kept(module.path):
            self._waiting.append(module)

    def _own(self, context: Context, interpreter: Node) -> Iterator[Keep]:
        for module in _ALWAYS:
            yield from self._module(context, module, interpreter, "a part of Perl that it loads itself")
        seen: set[bytes] = set()
        for folder in self._places(context).folders:
            for node in context.below(folder + b"/unicore"):
                table = node.path.removeprefix(folder)
                if node.kind is Kind.FILE and table not in seen and not table.endswith(_NO_TABLES):
                    seen.add(table)
                    yield Keep(node.path, "character tables of Perl", interpreter.path)

    def _loaded(self, context: Context, node: Node) -> Iterator[Keep]:
        if node.path in self._read:
            return
        self._read.add(node.path)
        for module in sorted(loads(context.read(node))):
            yield from self._module(context, module, node, f"loaded as {encode_path(module)}")

    def _module(self, context: Context, module: bytes, cause: Node, text: str) -> Iterator[Keep]:
        if (module, parent(cause.path)) in self._asked:
            return
        self._asked.add((module, parent(cause.path)))
        places = self._places(context)
        relative = module if b"." in module else module.replace(b"::", b"/") + b".pm"
        found = places.find(context, relative, parent(cause.path))
        if found is None:
            return
        self._follow(context, found)
        yield Keep(found.path, text, cause.path)
        yield from places.compiled(context, relative, found)
        owner = context.inventory.owner(found.path)
        if owner is None or owner.ecosystem != Ecosystem.DEB or owner.name in self._packages:
            return
        self._packages.add(owner.name)
        if not _PERL_PACKAGES.match(owner.name.encode()):
            for path in owner.files:
                if places.holds(path):
                    module_file = context.file(path) if path.endswith(b".pm") else None
                    if module_file is not None:
                        self._follow(context, module_file)
                    yield Keep(path, f"a module of the package {owner.name}, which is used", found.path)

    def _places(self, context: Context) -> _Places:
        """The search path, which every interpreter that is kept by now adds to."""
        interpreters = frozenset(self._interpreters)
        if self._found is None or self._found[0] != interpreters:
            self._found = interpreters, _Places(context, interpreters)
        return self._found[1]


class _Places:
    """The folders of @INC that the image has, most specific first."""

    def __init__(self, context: Context, interpreters: frozenset[bytes]) -> None:
        self._context = context
        self._interpreters = interpreters

    @cached_property
    def folders(self) -> tuple[bytes, ...]:
        """PERL5LIB, and the folders that were compiled into the interpreter or its library."""
        extra = self._context.environment.get(b"PERL5LIB", b"").split(b":")
        found = [folder for folder in extra if folder.startswith(b"/")]
        for path in sorted(self._interpreters):
            node = self._context.tree.get(path)
            if node is not None:
                found += [each for each in binary(self._context, node).paths if b"perl" in each]
        real = (self._context.folder(folder) for folder in found)
        return tuple(dict.fromkeys(folder.path for folder in real if folder is not None))

    @cached_property
    def compiled_folders(self) -> tuple[bytes, ...]:
        """Those of them that hold compiled parts."""
        return tuple(each for each in self.folders if self._context.folder(each + b"/auto") is not None)

    def holds(self, path: bytes) -> bool:
        """Whether `path` lies in one of them."""
        return any(path.startswith(folder + b"/") for folder in self.folders)

    def find(self, context: Context, relative: bytes, beside: bytes) -> Node | None:
        """The module file `relative`, also in the folders that programs add for their own: beside them,
        `lib`."""
        own = (beside, beside + b"/lib", parent(beside) + b"/lib", context.working_directory + b"/lib")
        for folder in (*self.folders, *own):
            node = context.file(folder + b"/" + relative)
            if node is not None:
                return node
        return None

    def compiled(self, context: Context, relative: bytes, module: Node) -> Iterator[Keep]:
        """The shared object and the loader's files of a module, under `auto/`: of the folder that the module
        is in (XSLoader(3perl)), else of the first that has them (DynaLoader(3perl))."""
        own = module.path.removesuffix(b"/" + relative)
        for root in (own, *self.compiled_folders):
            place = context.folder(root + b"/auto/" + relative.removesuffix(b".pm"))
            found = (
                [each for each in context.tree.children(place.path) if _is_compiled(each)] if place else []
            )
            for node in found:
                yield Keep(node.path, "the compiled part of a module", module.path)
            if found:
                return


def _is_compiled(node: Node) -> bool:
    return node.kind is Kind.FILE and node.path.endswith((b".so", b".al", b".ix", b".bs"))


def loads(text: bytes) -> set[bytes]:
    """Modules (`A::B`) and files (`a/b.pl`) that a Perl source loads by constant names; documentation is
    skipped."""
    code = _COMMENT.sub(b"", _END.split(_POD.sub(b"", text), 1)[0])
    found: set[bytes] = set()
    for match in _LOADS.finditer(code):
        if match["module"] in (b"parent", b"base"):
            tail = code[match.end() : code.find(b";", match.end())]
            found.update(each for each in _NAMES.findall(tail) if each not in (b"qw", b"norequire"))
        for group in ("module", "dynamic", "file"):
            if match[group]:
                found.add(match[group])
    return found


def _is_perl(context: Context, node: Node) -> bool:
    if node.path.endswith((b".pl", b".pm", b".cgi", b".psgi")):
        return True
    head = context.head(node)
    return head.startswith(b"#!") and b"perl" in head.split(b"\n", 1)[0]
