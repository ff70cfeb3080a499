"""Rules about downloads and how they are trusted."""

from __future__ import annotations

import pytest

from jettison.lint.build import Build
from jettison.lint.parser import parse
from jettison.lint.rule import Rule
from jettison.lint.rules._download import downloads, host_of, is_local
from jettison.lint.rules.certificate_check_off import CertificateCheckOff
from jettison.lint.rules.certificate_check_off_by_variable import CertificateCheckOffByVariable
from jettison.lint.rules.download_without_checksum import DownloadWithoutChecksum
from jettison.lint.rules.key_added_unverified import KeyAddedUnverified
from jettison.lint.rules.moving_download import MovingDownload
from jettison.lint.rules.piped_to_shell import PipedToShell
from jettison.lint.rules.plain_http_download import PlainHttpDownload
from jettison.lint.rules.remote_add_without_checksum import RemoteAddWithoutChecksum
from jettison.lint.rules.signature_check_off import SignatureCheckOff
from jettison.lint.testing import complete, findings, fixed, marked


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("curl -fsSLo /x https://a/b.tgz", [("https://a/b.tgz", "/x")]),
        ("curl -fsSL -o/x https://a/b", [("https://a/b", "/x")]),
        ("curl --output=/x https://a/b", [("https://a/b", "/x")]),
        ("curl -LO https://a/b.tgz?c=d", [("https://a/b.tgz?c=d", "b.tgz")]),
        ("curl -H 'A: https://no' https://a/b > /x", [("https://a/b", "/x")]),
        ("curl https://a/b", [("https://a/b", "")]),
        ("curl -X POST -d a https://a/b", []),
        ("wget https://a/b.tgz", [("https://a/b.tgz", "b.tgz")]),
        ("wget -qO- https://a/b", [("https://a/b", "")]),
        ("wget -O - https://a/b", [("https://a/b", "")]),
        ("wget -O /x -P /y https://a/b", [("https://a/b", "/x")]),
        ("wget -P /y https://a/b", [("https://a/b", "/y/b")]),
        ("wget https://a/", [("https://a/", "index.html")]),
        ("curl -o $X $URL", [("$URL", None)]),
        ("wget --spider https://a", []),
    ],
)
def test_downloads_are_read(script: str, expected: list[tuple[str, str | None]]) -> None:
    """Address and file of each download, as the command says them."""
    model = Build(parse(f"FROM debian\nRUN {script}\n"))
    found = [
        item for command in model.commands(model.stages[0].instructions[0]) for item in downloads(command)
    ]
    assert [(item.url.text, item.output) for item in found] == expected


@pytest.mark.parametrize(
    ("url", "host", "local"),
    [
        ("http://localhost:80/x", "localhost", True),
        ("http://127.0.0.1", "127.0.0.1", True),
        ("http://[::1]:80/", "[::1]", True),
        ("https://u:p@Example.org:443/x?y", "example.org", False),
        ("http://localhost.example.org/", "localhost.example.org", False),
        ("http://[", "[", False),
    ],
)
def test_hosts(url: str, host: str, local: bool) -> None:
    """Hosts are found without user and port, in broken addresses too."""
    assert host_of(url) == host and is_local(url) is local


SHA = "RUN curl -fLo /x https://a/b && echo 'abc /x' | sha256sum -c -"


@pytest.mark.parametrize(
    ("rule", "text", "places"),
    [
        (PipedToShell, "RUN curl -f https://x | sh", ["sh"]),
        (PipedToShell, "RUN curl -f https://x | gunzip | sudo -E bash -", ["bash"]),
        (PipedToShell, "RUN bash <(wget -qO- https://x)", ["bash"]),
        (PipedToShell, 'RUN sh -c "$(curl -fsSL https://x)"', ["sh"]),
        (PipedToShell, 'RUN eval "$(wget -O- https://x)"', ["eval"]),
        (PipedToShell, "RUN curl https://x | python3 -", ["python3"]),
        (PipedToShell, "RUN curl https://x | bash -s -- -y", ["bash"]),
        (DownloadWithoutChecksum, "RUN curl -fLo /x https://a/b", ["https://a/b"]),
        (DownloadWithoutChecksum, "RUN wget -qO- https://a/b.tgz | tar xz", ["https://a/b.tgz"]),
        (RemoteAddWithoutChecksum, "ADD https://a/b /x", ["https://a/b"]),
        (RemoteAddWithoutChecksum, "ARG U=https://a/b\nADD $U /x", ["$U"]),
        (CertificateCheckOff, "RUN curl -fsSLk https://a", ["-fsSLk"]),
        (CertificateCheckOff, "RUN wget --no-check-certificate https://a", ["--no-check-certificate"]),
        (CertificateCheckOff, "RUN pip install --trusted-host pip.example x", ["pip.example"]),
        (CertificateCheckOff, "RUN git -c http.sslVerify=false clone x", ["http.sslVerify=false"]),
        (CertificateCheckOff, "RUN git config --global http.sslVerify false", ["false"]),
        (CertificateCheckOff, "RUN npm config set strict-ssl false", ["false"]),
        (CertificateCheckOff, "RUN npm install --strict-ssl=false x", ["--strict-ssl=false"]),
        (CertificateCheckOff, "RUN yum --setopt=sslverify=0 install x", ["--setopt=sslverify=0"]),
        (
            CertificateCheckOffByVariable,
            "ENV NODE_TLS_REJECT_UNAUTHORIZED=0",
            ["NODE_TLS_REJECT_UNAUTHORIZED=0"],
        ),
        (CertificateCheckOffByVariable, "RUN GIT_SSL_NO_VERIFY=true git clone x", ["true"]),
        (CertificateCheckOffByVariable, "RUN export PYTHONHTTPSVERIFY=0 && x", ["0"]),
        (CertificateCheckOffByVariable, "ARG PIP_TRUSTED_HOST=pip.example", ["PIP_TRUSTED_HOST=pip.example"]),
        (SignatureCheckOff, "RUN apk add --allow-untrusted --repository x y", ["--allow-untrusted"]),
        (SignatureCheckOff, "RUN apt-get install --force-yes x", ["--force-yes"]),
        (
            SignatureCheckOff,
            "RUN apt-get -o APT::Get::AllowUnauthenticated=true install x",
            ["APT::Get::AllowUnauthenticated=true"],
        ),
        (SignatureCheckOff, "RUN yum install -y --nogpgcheck x", ["--nogpgcheck"]),
        (SignatureCheckOff, "RUN rpm -i --nosignature x.rpm", ["--nosignature"]),
        (
            SignatureCheckOff,
            "RUN echo 'deb [trusted=yes] http://x y main' > z",
            ["'deb [trusted=yes] http://x y main'"],
        ),
        (PlainHttpDownload, "RUN wget -q http://a/b", ["http://a/b"]),
        (PlainHttpDownload, "ADD http://a/b /x", ["http://a/b"]),
        (PlainHttpDownload, "RUN git clone http://a/b", ["http://a/b"]),
        (MovingDownload, "RUN git clone https://a/b", ["git clone https://a/b"]),
        (MovingDownload, "RUN git clone -b main https://a/b", ["git clone -b main https://a/b"]),
        (MovingDownload, "RUN curl -fO https://a/latest/b.zip", ["https://a/latest/b.zip"]),
        (MovingDownload, "ADD https://a/b.git#main /x", ["https://a/b.git#main"]),
        (
            MovingDownload,
            "ADD https://a/b/archive/refs/heads/master.zip /x",
            ["https://a/b/archive/refs/heads/master.zip"],
        ),
        (KeyAddedUnverified, "RUN curl x | apt-key add -", ["apt-key"]),
        (KeyAddedUnverified, "RUN gpg --recv-keys 0x1234ABCD", ["0x1234ABCD"]),
        (KeyAddedUnverified, "RUN rpm --import http://a/k", ["http://a/k"]),
    ],
)
def test_rule_speaks(rule: type[Rule], text: str, places: list[str]) -> None:
    """The finding underlines the option, address or program."""
    assert marked(rule, complete(text)) == places


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (PipedToShell, "RUN curl https://x | jq .a"),
        (PipedToShell, "RUN curl https://x | python3 -m json.tool"),
        (PipedToShell, "RUN curl https://x | python3 parse.py"),
        (PipedToShell, "RUN curl -fo x https://x && sha256sum -c s && cat x | sh"),
        (PipedToShell, "RUN echo x | sh"),
        (DownloadWithoutChecksum, SHA),
        (DownloadWithoutChecksum, "RUN curl -fsSL https://a/key.asc -o /etc/apt/keyrings/a"),
        (DownloadWithoutChecksum, "RUN curl https://a/api | grep version"),
        (DownloadWithoutChecksum, "RUN curl -o /x http://localhost/y"),
        (DownloadWithoutChecksum, "FROM a:1 AS dead\nRUN curl -O https://a/b\nFROM b:1\nRUN c"),
        (RemoteAddWithoutChecksum, "ADD --checksum=sha256:abc https://a/b /x"),
        (RemoteAddWithoutChecksum, "ADD https://a/b.git#v1 /x"),
        (CertificateCheckOff, "RUN curl -o -k https://a"),
        (CertificateCheckOff, "RUN npm config set strict-ssl true && git config x false"),
        (CertificateCheckOffByVariable, "ENV NODE_TLS_REJECT_UNAUTHORIZED=1 PIP_TRUSTED_HOST="),
        (SignatureCheckOff, "RUN apk add --allow-untrusted ./x.apk"),
        (SignatureCheckOff, "RUN echo 'deb [ trusted=yes ] file:///x ./' > z"),
        (PlainHttpDownload, "RUN wget -q http://a/b && sha256sum -c x"),
        (PlainHttpDownload, "RUN curl http://localhost:8080/"),
        (MovingDownload, "RUN git clone https://a/b x && git -C x checkout abc"),
        (MovingDownload, "RUN git clone --branch v1.2 https://a/b"),
        (MovingDownload, "RUN wget http://archive.ubuntu.com/ubuntu/pool/main/p/x.deb"),
        (MovingDownload, "ADD https://a/b.git?ref=v1 /x"),
        (MovingDownload, "ADD https://a/b.git#4f2c1d0 /x"),
        (KeyAddedUnverified, "RUN gpg --recv-keys E3FF2839C048B25C084DEBE9B26995E310250568 && apt-key list"),
    ],
)
def test_rule_is_silent(rule: type[Rule], text: str) -> None:
    """What is verified, local, or has a fixed version, is no finding."""
    assert findings(rule, complete(text)) == []


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        (CertificateCheckOff, "RUN curl -fsSLk https://a\n", "RUN curl -fsSL https://a\n"),
        (CertificateCheckOff, "RUN curl -f \\\n -k https://a\n", "RUN curl -f https://a\n"),
        (CertificateCheckOff, "RUN pip install --trusted-host h x\n", "RUN pip install x\n"),
        (CertificateCheckOff, "RUN git -c http.sslVerify=false clone x\n", "RUN git clone x\n"),
        (
            CertificateCheckOff,
            "RUN npm config set strict-ssl false\n",
            "RUN npm config set strict-ssl false\n",
        ),
        (SignatureCheckOff, "RUN yum --nogpgcheck install x\n", "RUN yum install x\n"),
        (PlainHttpDownload, "ADD http://a/b /x\n", "ADD https://a/b /x\n"),
        (PlainHttpDownload, "RUN wget -q 'http://a/b'\n", "RUN wget -q 'https://a/b'\n"),
        (PlainHttpDownload, "RUN wget -q ftp://a/b\n", "RUN wget -q ftp://a/b\n"),
    ],
)
def test_fix(rule: type[Rule], before: str, after: str) -> None:
    """The switch is taken out; settings that are written somewhere stay for a person."""
    head = "FROM debian:12.5\n"
    assert fixed(rule, head + before, unsafe=True) == head + after
    assert fixed(rule, head + before) == head + before
