"""ALP104 native-package-on-alpine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.bases import Distro
from jettison.lint.build import Stage
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._context import folder_of
from jettison.lint.rules._requests import stage_requests
from jettison.lint.source import Span

_NO_WHEELS: Final = frozenset(
    {
        *("tensorflow", "tensorflow-cpu", "tensorflow-gpu", "torch", "torchvision", "torchaudio", "jaxlib"),
        *("opencv-python", "opencv-python-headless", "opencv-contrib-python", "onnxruntime", "xgboost"),
        *("mxnet", "paddlepaddle", "ray", "faiss-cpu", "open3d", "pyqt5", "pyside6", "triton", "vllm"),
        *("mediapipe", "playwright", "cupy-cuda12x"),
    }
)
"""Packages that publish wheels for glibc and none for musl."""
_NAME: Final = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)", re.M)


class NativePackageOnAlpine(Rule):
    """Flags Python packages on Alpine for which there are no compiled wheels.

    ## What it does
    Looks on Alpine for `pip install` (and uv) of packages known to have wheels for glibc only, by name on the
    command line and in the requirements file of the build context.

    ## Why is this bad?
    pip downloads the source and compiles it: minutes or hours in place of seconds, with a compiler and
    headers that have to be installed first, and a result that nobody tested. Some (TensorFlow, PyTorch)
    do not compile at all. An image on `slim` is smaller in the end.

    ## Example
    ```dockerfile
    FROM python:3.12.7-alpine3.20
    RUN pip install --no-cache-dir torch==2.5.0
    ```

    ## Use instead
    ```dockerfile
    FROM python:3.12.7-slim-bookworm
    RUN pip install --no-cache-dir torch==2.5.0
    ```

    ## When to ignore
    When the wheel comes from an index of one's own.

    ## Sources
    - PEP 656, "Platform Tag for Linux Distributions Using Musl"
    """

    code = "ALP104"
    name = "native-package-on-alpine"
    severity = Severity.WARNING

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Requests to pip and uv in an Alpine stage."""
        if stage.distro is not Distro.ALPINE:
            return
        for request in stage_requests(stage, context):
            if request.manager.name not in ("pip", "uv") or request.verb not in (Verb.INSTALL, Verb.SYNC):
                continue
            for name, span in _wanted(request, context):
                message = f"`{name}` has no wheel for musl: pip compiles it, if that works at all"
                yield self.at(span, message)


def _wanted(request: Action, context: Context) -> Iterator[tuple[str, Span]]:
    for package in request.packages:
        name = _normal(package.name)
        if name in _NO_WHEELS:
            yield name, package.arg.span
    listed = request.command.option_value("-r", "--requirement")
    folder = folder_of(context)
    data = folder.head(listed.value.removeprefix("./")) if listed and listed.value and folder else None
    for match in _NAME.finditer((data or b"").decode("utf-8", "replace")):
        if _normal(match[1]) in _NO_WHEELS and listed is not None:
            yield _normal(match[1]), listed.span


def _normal(name: str) -> str:
    """The name as PyPI writes it, without extras."""
    return re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower()
