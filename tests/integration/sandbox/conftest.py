"""A place to run containers in, with each runtime of this host, and the proof that nothing is left there."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_root import Place, make_root, traces

from jettison.sandbox.journal import Journal
from jettison.sandbox.runtime import identify


@pytest.fixture(scope="session")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layer")
    make_root(folder)
    return folder


@pytest.fixture(params=["crun", "runc"])
def place(
    request: pytest.FixtureRequest, layer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    if identify(request.param) is None:
        pytest.skip(f"no {request.param} on this host")
    monkeypatch.setenv("JETTISON_RUNTIME", request.param)
    work = tmp_path / "work"
    files = len(os.listdir("/proc/self/fd"))
    with Journal(tmp_path / "state") as journal:
        place = Place([layer], work, journal)
        yield place
    assert os.listdir(tmp_path / "state/journal") == []
    assert traces(work, place.names) == []
    assert len(os.listdir("/proc/self/fd")) == files
