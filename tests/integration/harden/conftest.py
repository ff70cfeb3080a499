"""An image with this host's Python, made without an engine."""

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builders import Item, archive
from jettison.image.model import Image
from jettison.sandbox.journal import Journal
from jettison.stores.open import open_image

_LEFT_OUT = """
    test idlelib tkinter lib2to3 ensurepip turtledemo site-packages dist-packages __pycache__ unittest
    pydoc_data distutils asyncio multiprocessing sqlite3 xml
"""
_WITHOUT = frozenset(_LEFT_OUT.split())


def _libraries(*programs: Path) -> Iterator[Path]:
    for program in programs:
        listed = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
        for word in listed.split():
            if word.startswith("/"):
                yield Path(word)


def _programs() -> Iterator[tuple[str, Path]]:
    yield "/usr/bin/python3", Path(sys.executable).resolve()
    for name in ("bash", "sh"):
        yield f"/usr/bin/{name}", Path(shutil.which(name) or name).resolve()


def _items() -> Iterator[Item]:
    """Python and its library, two shells, and the application."""
    library = Path(sysconfig.get_path("stdlib"))
    programs = list(_programs())
    modules = [path for path in library.rglob("*") if path.is_file() and not _WITHOUT & set(path.parts)]
    modules = [path for path in modules if path.suffix in (".py", ".so")]
    needed = _libraries(*(path for _, path in programs), *(path for path in modules if path.suffix == ".so"))
    for name, path in [*programs, *((str(path), path) for path in [*modules, *sorted(set(needed))])]:
        yield Item(name.lstrip("/"), path.read_bytes(), mode=0o755)
    yield Item("etc/passwd", b"root:x:0:0::/root:/bin/sh\n")
    yield Item("etc/shadow", b"root:*:1::::::\n", mode=0o600)
    yield Item("var/log", None)
    yield Item("app.py", (Path(__file__).parent / "app.py").read_bytes())


@pytest.fixture(scope="session")
def python_reference(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the image is."""
    home = {"PYTHONHOME": f"{sys.base_prefix}"}
    config = {
        "Env": ["PATH=/usr/bin:/bin", *(f"{name}={value}" for name, value in home.items())],
        "Entrypoint": ["/usr/bin/python3", "-u", "/app.py"],
        "ExposedPorts": {"8080/tcp": {}},
    }
    unique = {item.path: item for item in _items()}
    return archive(tmp_path_factory.mktemp("python"), [unique.values()], config=config)


@pytest.fixture
def python_image(python_reference: str, private_folders: Path) -> Callable[[], Image]:
    """A function that opens the image, with what it unpacks in the cache that the tests share."""
    return lambda: open_image(python_reference)


@pytest.fixture
def journal(private_folders: Path) -> Iterator[Journal]:
    """A journal of its own."""
    with Journal() as journal:
        yield journal
