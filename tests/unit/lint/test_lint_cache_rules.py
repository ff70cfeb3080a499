"""Rules about layers and the build cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from jettison.lint.context import BuildContext
from jettison.lint.rule import Rule, Severity
from jettison.lint.rules.build_tools_kept import BuildToolsKept
from jettison.lint.rules.cache_mount_of_other_user import CacheMountOfOtherUser
from jettison.lint.rules.cache_mount_without_use import CacheMountWithoutUse
from jettison.lint.rules.chown_in_own_layer import ChownInOwnLayer
from jettison.lint.rules.consecutive_copies import ConsecutiveCopies
from jettison.lint.rules.consecutive_runs import ConsecutiveRuns
from jettison.lint.rules.deleted_in_later_layer import DeletedInLaterLayer
from jettison.lint.rules.missing_cache_mount import MissingCacheMount
from jettison.lint.rules.mkdir_before_workdir import MkdirBeforeWorkdir
from jettison.lint.rules.source_before_dependencies import SourceBeforeDependencies
from jettison.lint.rules.too_many_layers import TooManyLayers
from jettison.lint.rules.toolchain_in_final_image import ToolchainInFinalImage
from jettison.lint.rules.volatile_variable_early import VolatileVariableEarly
from jettison.lint.testing import complete, findings, fixed, marked

PIP = "--mount=type=cache,target=/root/.cache/pip"
APT = "--mount=type=cache,target=/var/cache/apt"
GO = "FROM golang:1.23\nCOPY . .\n"
IGNORING = "# hadolint ignore=DL3003"


@pytest.mark.parametrize(
    ("rule", "text", "places"),
    [
        (ConsecutiveRuns, "RUN mkdir /a\nRUN make", ["RUN"]),
        (ConsecutiveRuns, "RUN mkdir /a\n\n# b\nRUN chmod 1 /a\nRUN make", ["RUN", "RUN"]),
        (DeletedInLaterLayer, "COPY a.zip /tmp/\nRUN unzip /tmp/a.zip && rm /tmp/a.zip", ["/tmp/a.zip"]),
        (DeletedInLaterLayer, "COPY a /x/a\nRUN rm -rf /x", ["/x"]),
        (DeletedInLaterLayer, "COPY a /tmp/a\nRUN rm -f /tmp/*", ["/tmp/*"]),
        (DeletedInLaterLayer, "WORKDIR /w\nRUN curl -O https://x/a.tgz\nRUN tar x && rm a.tgz", ["a.tgz"]),
        (DeletedInLaterLayer, "RUN git clone https://x/y /src\nRUN cd / && rm -r src", ["src"]),
        (DeletedInLaterLayer, "FROM a:1 AS b\nCOPY a /a\nFROM b\nRUN rm /a", ["/a"]),
        (DeletedInLaterLayer, "RUN apt-get install -y gcc\nRUN make && apt-get purge -y gcc", ["gcc"]),
        (DeletedInLaterLayer, "RUN apk add -t .b gcc\nRUN apk del .b", [".b"]),
        (SourceBeforeDependencies, "WORKDIR /a\nCOPY . .\nRUN npm ci", ["."]),
        (SourceBeforeDependencies, "ADD ./ /a\nRUN pip install -r requirements.txt", ["./"]),
        (SourceBeforeDependencies, "COPY . /a\nRUN x\nRUN cd /a && go mod download", ["."]),
        (VolatileVariableEarly, "ARG GIT_SHA\nRUN make", ["GIT_SHA"]),
        (VolatileVariableEarly, "ENV BUILD_NUMBER=7\nCOPY a b\nRUN make", ["BUILD_NUMBER"]),
        (VolatileVariableEarly, "ARG COMMIT\nLABEL rev=$COMMIT\nRUN make", ["COMMIT", "rev"]),
        (MissingCacheMount, f"{GO}RUN go build .", ["go"]),
        (MissingCacheMount, "FROM maven:3\nCOPY src src\nRUN mvn -B package", ["mvn"]),
        (CacheMountWithoutUse, f"RUN {PIP} pip install --no-cache-dir x", ["--no-cache-dir"]),
        (CacheMountWithoutUse, f"ENV PIP_NO_CACHE_DIR=1\nRUN {PIP} pip install x", ["pip"]),
        (CacheMountWithoutUse, f"RUN {PIP} pip install x && rm -rf /root/.cache", ["/root/.cache"]),
        (CacheMountWithoutUse, f"RUN {APT} apt-get install -y x", [APT]),
        (CacheMountOfOtherUser, f"USER 7\nRUN {PIP} pip install x", [PIP]),
        (ChownInOwnLayer, "COPY a /a\nRUN chown 7 /a", ["/a"]),
        (ChownInOwnLayer, "COPY . /app\nRUN x && chown -R 7 /app", ["/app"]),
        (ChownInOwnLayer, "WORKDIR /w\nCOPY a ./\nRUN chmod +x a", ["a"]),
        (ChownInOwnLayer, "COPY a /x/y/a\nRUN chown 7 -R /x", ["/x"]),
        (MkdirBeforeWorkdir, "RUN mkdir -p /a/\nWORKDIR /a", ["RUN mkdir -p /a/"]),
        (ConsecutiveCopies, "COPY a /x/\nCOPY b c /x/", ["COPY"]),
        (ToolchainInFinalImage, 'FROM golang:1\nRUN go build -o /a\nCMD ["/a"]', ["golang:1"]),
        (BuildToolsKept, 'RUN apk add make gcc && make\nCMD ["a"]', ["make"]),
        (TooManyLayers, "\n".join(["FROM a:1", *(f"COPY {n} /" for n in range(51))]), ["FROM"]),
    ],
)
def test_rule_speaks(rule: type[Rule], text: str, places: list[str]) -> None:
    """The finding stands where the layer or the cache is lost."""
    assert marked(rule, complete(text)) == places


BUILDER = "FROM debian:12 AS b\n{}\nFROM debian:12\nCOPY --from=b /x /x\n"


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (ConsecutiveRuns, "RUN apt-get update\nRUN mkdir /a"),
        (ConsecutiveRuns, "RUN mkdir /a\nWORKDIR /a\nRUN make"),
        (ConsecutiveRuns, f"RUN mkdir /a\nRUN {PIP} pip install x"),
        (ConsecutiveRuns, BUILDER.format("RUN mkdir /a\nRUN mkdir /b")),
        (DeletedInLaterLayer, "RUN curl -o /a https://x && rm /a"),
        (DeletedInLaterLayer, BUILDER.format("COPY a /a\nRUN rm /a")),
        (DeletedInLaterLayer, "COPY a /a\nRUN rm /b $X /ab"),
        (DeletedInLaterLayer, "RUN curl -o a https://x\nWORKDIR /w\nRUN rm a"),
        (DeletedInLaterLayer, "RUN apt-get install -y a\nRUN apt-get install -y gcc && apt-get purge -y gcc"),
        (DeletedInLaterLayer, "RUN apt-get update\nRUN rm -rf /var/lib/apt/lists/*"),
        (SourceBeforeDependencies, "COPY package.json ./\nRUN npm ci\nCOPY . .\nRUN npm ci --omit=dev"),
        (SourceBeforeDependencies, "COPY . .\nRUN npm install -g typescript && pip install ."),
        (SourceBeforeDependencies, "FROM a:1 AS dead\nCOPY . .\nRUN npm ci\nFROM b:1\nRUN x"),
        (SourceBeforeDependencies, "COPY --from=x . .\nRUN npm ci"),
        (VolatileVariableEarly, "RUN make\nARG GIT_SHA\nLABEL r=$GIT_SHA"),
        (VolatileVariableEarly, "ARG GIT_SHA\nRUN make VERSION=$GIT_SHA\nRUN x"),
        (VolatileVariableEarly, "ARG VERSION\nRUN make"),
        (MissingCacheMount, f"{GO}RUN --mount=type=cache,target=/x go build ."),
        (MissingCacheMount, "FROM golang:1.23\nRUN go install example.org/x@v1"),
        (MissingCacheMount, "FROM golang:1.23 AS b\nCOPY . .\nRUN go build\nFROM a:1\nRUN x"),
        (CacheMountWithoutUse, f"RUN {PIP} pip install x"),
        (CacheMountWithoutUse, f"RUN {APT} rm -f /etc/apt/apt.conf.d/docker-clean && apt-get install -y x"),
        (CacheMountWithoutUse, f"FROM fedora:40\nRUN {APT} x"),
        (CacheMountOfOtherUser, f"RUN {PIP} pip install x"),
        (CacheMountOfOtherUser, f"USER 7\nRUN {PIP},uid=7 pip install x"),
        (ChownInOwnLayer, "RUN mkdir /a && chown 7 /a"),
        (ChownInOwnLayer, "COPY a /a/\nRUN chown 7 /a"),
        (ChownInOwnLayer, BUILDER.format("COPY a /a\nRUN chown 7 /a")),
        (MkdirBeforeWorkdir, "RUN mkdir -p /a /b\nWORKDIR /a"),
        (MkdirBeforeWorkdir, "RUN mkdir -m 700 /a\nWORKDIR /a"),
        (MkdirBeforeWorkdir, "RUN mkdir /a\nRUN x\nWORKDIR /a"),
        (ConsecutiveCopies, "COPY a /x\nCOPY b /x"),
        (ConsecutiveCopies, "COPY a /x/\nCOPY --chown=7 b /x/"),
        (ConsecutiveCopies, BUILDER.format("COPY a /x/\nCOPY b /x/")),
        (
            ToolchainInFinalImage,
            'FROM golang:1 AS b\nRUN go build\nFROM a:1\nCOPY --from=b /a /a\nCMD ["/a"]',
        ),
        (ToolchainInFinalImage, "FROM golang:1\nRUN go build"),
        (BuildToolsKept, 'RUN apt-get install -y gcc && make && apt-get purge -y gcc\nCMD ["a"]'),
        (BuildToolsKept, "RUN apt-get install -y gcc"),
        (TooManyLayers, "\n".join(["FROM a:1", *(f"COPY {n} /" for n in range(50))])),
    ],
)
def test_rule_is_silent(rule: type[Rule], text: str) -> None:
    """Where a layer does not ship, or the cache would lose more than it wins, nothing is said."""
    assert findings(rule, complete(text)) == []


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        (ConsecutiveRuns, "RUN mkdir /a\nRUN make\n", "RUN mkdir /a \\\n    && make\n"),
        (ConsecutiveRuns, "RUN mkdir /a; x=1\nRUN make\n", "RUN mkdir /a; x=1\nRUN make\n"),
        (ConsecutiveRuns, "RUN mkdir /a\nRUN a || b\n", "RUN mkdir /a\nRUN a || b\n"),
        (
            ConsecutiveRuns,
            "RUN mkdir /a\n\n# why\n  # more\nRUN make\n",
            "RUN mkdir /a \\\n    # why\n    # more\n    && make\n",
        ),
        (ConsecutiveRuns, f"RUN mkdir /a\n{IGNORING}\nRUN x\n", f"RUN mkdir /a\n{IGNORING}\nRUN x\n"),
        (ConsecutiveRuns, "RUN mkdir /a\n# c \\\nRUN x\n", "RUN mkdir /a\n# c \\\nRUN x\n"),
        (
            ConsecutiveRuns,
            "RUN set -e; mkdir a; rm b\nRUN set -e; c; d\n",
            "RUN set -e; mkdir a; rm b; \\\n    set -e; c; d\n",
        ),
        (
            DeletedInLaterLayer,
            "RUN curl -o /a https://x\nRUN x /a && rm /a\n",
            "RUN curl -o /a https://x \\\n    && x /a && rm /a\n",
        ),
        (
            DeletedInLaterLayer,
            "COPY s.sh /tmp/s.sh\nRUN sh /tmp/s.sh && rm /tmp/s.sh\n",
            "RUN --mount=type=bind,source=s.sh,target=/tmp/s.sh sh /tmp/s.sh\n",
        ),
        (
            DeletedInLaterLayer,
            "COPY s.sh /tmp/s.sh\nRUN chmod +x /tmp/s.sh && /tmp/s.sh && rm /tmp/s.sh\n",
            "COPY s.sh /tmp/s.sh\nRUN chmod +x /tmp/s.sh && /tmp/s.sh && rm /tmp/s.sh\n",
        ),
        (
            SourceBeforeDependencies,
            "WORKDIR /a\nCOPY --chown=7 . .\nRUN npm ci\nRUN x\n",
            "WORKDIR /a\nCOPY --chown=7 package.json package-lock.json* ./\nRUN npm ci\n"
            "COPY --chown=7 . .\nRUN x\n",
        ),
        (
            SourceBeforeDependencies,
            "WORKDIR /a\nCOPY . .\nRUN pip install -r req.txt\n",
            "WORKDIR /a\nCOPY req.txt ./\nRUN pip install -r req.txt\nCOPY . .\n",
        ),
        (
            SourceBeforeDependencies,
            "COPY . /a\nRUN npm ci && npm run build\n",
            "COPY . /a\nRUN npm ci && npm run build\n",
        ),
        (
            VolatileVariableEarly,
            "ARG GIT_SHA\nLABEL r=$GIT_SHA\nRUN make\nCMD x\n",
            "RUN make\nARG GIT_SHA\nLABEL r=$GIT_SHA\nCMD x\n",
        ),
        (
            VolatileVariableEarly,
            "ARG GIT_SHA\nRUN a\nRUN b $GIT_SHA\n",
            "RUN a\nARG GIT_SHA\nRUN b $GIT_SHA\n",
        ),
        (VolatileVariableEarly, "ARG GIT_SHA\nRUN a", "RUN a\nARG GIT_SHA"),
        (CacheMountWithoutUse, f"RUN {PIP} pip install --no-cache-dir x\n", f"RUN {PIP} pip install x\n"),
        (CacheMountOfOtherUser, f"USER 7\nRUN {PIP} x\n", f"USER 7\nRUN {PIP},uid=7 x\n"),
        (ChownInOwnLayer, "COPY a /a\nRUN chown 7:7 /a\nCMD x\n", "COPY --chown=7:7 a /a\nCMD x\n"),
        (ChownInOwnLayer, "COPY a /b/\nRUN chmod +x /b/a && x\n", "COPY --chmod=755 a /b/\nRUN x\n"),
        (ChownInOwnLayer, "COPY a b /b/\nRUN chmod +x /b/a\n", "COPY a b /b/\nRUN chmod +x /b/a\n"),
        (MkdirBeforeWorkdir, "RUN mkdir -p /a\nWORKDIR /a\n", "WORKDIR /a\n"),
        (MkdirBeforeWorkdir, "USER x\nRUN mkdir /a\nWORKDIR /a\n", "USER x\nRUN mkdir /a\nWORKDIR /a\n"),
        (ConsecutiveCopies, "COPY a /x/\nCOPY b /x/\nCOPY c /x/\n", "COPY a b c /x/\n"),
    ],
)
def test_fix(rule: type[Rule], before: str, after: str) -> None:
    """Fixes are made only where nothing but layers and cache can differ."""
    head = "FROM debian:12.5\n"
    assert fixed(rule, head + before, unsafe=True) == head + after


def test_compilation_gets_the_mounts_of_its_image() -> None:
    """The folders are those of the official image; another image gets no fix."""
    assert "target=/go/pkg/mod go build" in fixed(MissingCacheMount, f"{GO}RUN go build .\n", unsafe=True)
    other = "FROM team/builder:1\nCOPY . .\nRUN go build .\n"
    assert fixed(MissingCacheMount, other, unsafe=True) == other


def test_labels_disturb_old_builders_only() -> None:
    """A LABEL is less bad than ARG and ENV."""
    text = "FROM debian:12\nARG COMMIT\nLABEL rev=$COMMIT\nRUN make\n"
    assert [item.severity for item in findings(VolatileVariableEarly, text)] == [
        Severity.WARNING,
        Severity.INFO,
    ]


@pytest.mark.parametrize(
    "extra", ['"scripts": {"postinstall": "node x"}', '"workspaces": ["a"]', '"a": "file:a"']
)
def test_manifest_with_hooks_gets_no_fix(tmp_path: Path, extra: str) -> None:
    """With the context at hand, a manifest that needs the sources is recognised."""
    text = "FROM node:22\nWORKDIR /a\nCOPY . .\nRUN npm ci\n"
    (tmp_path / "package.json").write_text(f"{{{extra}}}")
    found = findings(SourceBeforeDependencies, text, folder=BuildContext(tmp_path))
    assert len(found) == 1 and found[0].fix is None
    (tmp_path / "package.json").write_text("{}")
    assert findings(SourceBeforeDependencies, text, folder=BuildContext(tmp_path))[0].fix is not None
