"""Rules about process 1: signals, zombies, entry points."""

from __future__ import annotations

from pathlib import Path

import pytest

from jettison.lint.config import Settings
from jettison.lint.context import BuildContext
from jettison.lint.engine import make_context
from jettison.lint.rule import Rule
from jettison.lint.rules._process import program
from jettison.lint.rules.cmd_ignored_by_entrypoint import CmdIgnoredByEntrypoint
from jettison.lint.rules.daemonizing_process import DaemonizingProcess
from jettison.lint.rules.development_server import DevelopmentServer
from jettison.lint.rules.fixed_heap_size import FixedHeapSize
from jettison.lint.rules.node_without_init import NodeWithoutInit
from jettison.lint.rules.output_to_file import OutputToFile
from jettison.lint.rules.package_manager_as_process import PackageManagerAsProcess
from jettison.lint.rules.script_without_exec import ScriptWithoutExec
from jettison.lint.rules.several_processes import SeveralProcesses
from jettison.lint.rules.shell_form_process import ShellFormProcess
from jettison.lint.rules.shell_without_exec import ShellWithoutExec
from jettison.lint.rules.stop_signal_kill import StopSignalKill
from jettison.lint.source import Source
from jettison.lint.testing import complete, findings, fixed, marked


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('CMD ["node", "x"]', "node"),
        ("CMD exec node x", "node"),
        ('ENTRYPOINT ["tini", "--", "node", "x"]', "node"),
        ('ENTRYPOINT ["tini", "--"]\nCMD ["node", "x"]', "node"),
        ('CMD ["sh", "-c", "exec node x"]', "node"),
        ('ENTRYPOINT ["server"]\nCMD ["x"]', "server"),
        ("CMD a && b", None),
        ("RUN a", None),
    ],
)
def test_program_that_becomes_process_1(text: str, name: str | None) -> None:
    """Wrappers are looked through; of several programs none is taken."""
    build = make_context(Source(complete(text)), Settings()).build
    found = program(build.stages[0], build)
    assert (found.name if found else None) == name


SCRIPT = 'COPY <<E /s.sh\n#!/bin/sh\n{}\nE\nENTRYPOINT ["/s.sh"]'


@pytest.mark.parametrize(
    ("rule", "text", "places"),
    [
        (ShellFormProcess, "CMD node x", ["CMD"]),
        (ShellFormProcess, "ENTRYPOINT a && b", ["ENTRYPOINT"]),
        (ShellFormProcess, "CMD a | b", ["CMD"]),
        (ShellFormProcess, 'ENTRYPOINT ["/docker-entrypoint.sh"]\nCMD node x', ["CMD"]),
        (ShellFormProcess, "FROM a:1 AS b\nCMD x\nFROM b\nRUN y", ["CMD"]),
        (ShellWithoutExec, 'CMD ["bash", "-ec", "a; b $X"]', ["b $X"]),
        (ShellWithoutExec, 'ENTRYPOINT ["sh", "-c", "a"]', ["a"]),
        (CmdIgnoredByEntrypoint, 'ENTRYPOINT server\nCMD ["x"]', ["CMD"]),
        (CmdIgnoredByEntrypoint, 'ENTRYPOINT ["server"]\nCMD x y', ["CMD"]),
        (ScriptWithoutExec, SCRIPT.format("prepare\nserver --port 80"), ['"/s.sh"']),
        (PackageManagerAsProcess, 'CMD ["npm", "start"]', ['"npm"']),
        (PackageManagerAsProcess, "CMD npm run start", ["npm"]),
        (PackageManagerAsProcess, 'ENTRYPOINT ["tini", "--"]\nCMD ["yarn", "run", "x"]', ['"yarn"']),
        (PackageManagerAsProcess, 'CMD ["go", "run", "."]', ['"go"']),
        (SeveralProcesses, "CMD a & b", ["&"]),
        (SeveralProcesses, "CMD service x start && b", ["service x start"]),
        (SeveralProcesses, 'CMD ["supervisord", "-n"]', ['"supervisord"']),
        (SeveralProcesses, 'CMD ["sh", "-c", "a & exec b"]', ["&"]),
        (DaemonizingProcess, 'CMD ["nginx"]', ['"nginx"']),
        (DaemonizingProcess, "CMD service ssh start", ["service ssh start"]),
        (DaemonizingProcess, 'CMD ["/usr/sbin/sshd"]', ['"/usr/sbin/sshd"']),
        (DaemonizingProcess, "CMD cron", ["cron"]),
        (DevelopmentServer, "CMD flask run", ["flask run"]),
        (
            DevelopmentServer,
            'CMD ["python", "manage.py", "runserver"]',
            ['"python", "manage.py", "runserver"'],
        ),
        (DevelopmentServer, "CMD python3 -m flask run", ["flask run"]),
        (DevelopmentServer, 'CMD ["php", "-S", "0.0.0.0:80"]', ['"php", "-S", "0.0.0.0:80"']),
        (DevelopmentServer, "CMD uvicorn a:b --reload", ["uvicorn a:b --reload"]),
        (DevelopmentServer, 'CMD ["npx", "vite"]', ['"npx", "vite"']),
        (StopSignalKill, "STOPSIGNAL SIGKILL", ["STOPSIGNAL SIGKILL"]),
        (StopSignalKill, "STOPSIGNAL 9", ["STOPSIGNAL 9"]),
        (FixedHeapSize, 'ENV O="-Xms1g -Xmx2g"\nCMD java -Xmx3g x', ["-Xmx2g", "-Xmx3g"]),
        (FixedHeapSize, 'CMD ["node", "--max-old-space-size=4096", "x"]', ["--max-old-space-size=4096"]),
        (OutputToFile, "CMD server > /var/log/x.log", ["> /var/log/x.log"]),
        (OutputToFile, "CMD server & tail -f /var/log/x.log", ["tail -f /var/log/x.log"]),
        (OutputToFile, 'CMD ["gunicorn", "--access-logfile", "/l/a.log"]', ['"/l/a.log"']),
    ],
)
def test_rule_speaks(rule: type[Rule], text: str, places: list[str]) -> None:
    """The finding stands at what the container starts."""
    assert marked(rule, complete(text)) == places


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (ShellFormProcess, "CMD exec node $X"),
        (ShellFormProcess, "HEALTHCHECK CMD curl x || exit 1"),
        (ShellFormProcess, "FROM a:1 AS b\nCMD x\nFROM c:1\nRUN y"),
        (ShellFormProcess, 'ENTRYPOINT ["server"]\nCMD x y'),
        (ShellFormProcess, "CMD if a; then exec b; fi"),
        (ShellFormProcess, "FROM mcr.microsoft.com/windows/nanoserver:ltsc2022\nCMD a.exe"),
        (ShellFormProcess, "CMD a & wait"),
        (ShellWithoutExec, 'CMD ["sh", "-c", "a && exec b"]'),
        (ShellWithoutExec, 'CMD ["sh", "script"]'),
        (CmdIgnoredByEntrypoint, 'ENTRYPOINT ["/entrypoint.sh"]\nCMD x y'),
        (CmdIgnoredByEntrypoint, 'ENTRYPOINT exec server "$@"\nCMD ["x"]'),
        (CmdIgnoredByEntrypoint, "ENTRYPOINT server\nCMD []"),
        (ScriptWithoutExec, SCRIPT.format('exec server "\\$@"')),
        (ScriptWithoutExec, SCRIPT.format("trap stop TERM\nserver")),
        (ScriptWithoutExec, SCRIPT.format("if a; then exec b; fi")),
        (ScriptWithoutExec, SCRIPT.format("a").replace('["/s', '["tini", "/s')),
        (ScriptWithoutExec, 'ENTRYPOINT ["/s.sh"]'),
        (PackageManagerAsProcess, 'CMD ["npm", "--version"]'),
        (PackageManagerAsProcess, 'CMD ["go", "version"]'),
        (PackageManagerAsProcess, "FROM a:1 AS b\nCMD npm start\nFROM c:1\nCMD x"),
        (SeveralProcesses, 'ENTRYPOINT ["tini", "--"]\nCMD ["sh", "-c", "a & b"]'),
        (SeveralProcesses, "CMD a && exec b 2>&1"),
        (DaemonizingProcess, 'CMD ["nginx", "-g", "daemon off;"]'),
        (DaemonizingProcess, 'RUN echo "daemon off;" >> /etc/nginx/nginx.conf\nCMD ["nginx"]'),
        (DaemonizingProcess, "CMD /usr/sbin/sshd -D -e"),
        (DaemonizingProcess, "CMD service x start && exec y"),
        (DevelopmentServer, "CMD flask db upgrade"),
        (DevelopmentServer, 'CMD ["python", "manage.py", "migrate"]'),
        (DevelopmentServer, 'CMD ["uvicorn", "a:b"]'),
        (StopSignalKill, "STOPSIGNAL SIGQUIT"),
        (FixedHeapSize, "ENV O=-XX:MaxRAMPercentage=75"),
        (FixedHeapSize, "FROM a:1 AS b\nENV MAVEN_OPTS=-Xmx2g\nFROM c:1\nCOPY --from=b /x /x"),
        (OutputToFile, "CMD server > /dev/stdout 2>/dev/null"),
        (OutputToFile, "CMD echo x > /var/log/x.log && exec server"),
        (OutputToFile, 'CMD ["gunicorn", "--access-logfile", "-"]'),
    ],
)
def test_rule_is_silent(rule: type[Rule], text: str) -> None:
    """What hands over with exec, never runs, or cannot be told, is no finding."""
    assert findings(rule, complete(text)) == []


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        (ShellFormProcess, "CMD node  server.js 'a b' \"c\"\n", 'CMD ["node", "server.js", "a b", "c"]\n'),
        (ShellFormProcess, "CMD java $OPTS -jar x\n", "CMD exec java $OPTS -jar x\n"),
        (ShellFormProcess, "CMD a && \\\n  b *.x\n", "CMD a && \\\n  exec b *.x\n"),
        (ShellFormProcess, "CMD ./start.sh\n", "CMD exec ./start.sh\n"),
        (ShellFormProcess, "CMD a | b\n", "CMD a | b\n"),
        (ShellFormProcess, "CMD A=1 b\n", "CMD A=1 b\n"),
        (ShellFormProcess, "CMD cd /x && b\n", "CMD cd /x && exec b\n"),
        (ShellWithoutExec, 'CMD ["sh", "-c", "a $B"]\n', 'CMD ["sh", "-c", "exec a $B"]\n'),
        (ShellWithoutExec, 'CMD ["sh", "-c", "a && b"]\n', 'CMD ["sh", "-c", "a && exec b"]\n'),
        (StopSignalKill, "STOPSIGNAL 9\nCMD x\n", "CMD x\n"),
    ],
)
def test_fix(rule: type[Rule], before: str, after: str) -> None:
    """The exec form where no shell is needed, `exec` where one is, nothing where neither can be shown."""
    head = "FROM debian:12.5\n"
    assert fixed(rule, head + before, unsafe=True) == head + after


def test_script_is_found_in_the_context(tmp_path: Path) -> None:
    """Through COPY to its place in the image, or below a copied folder."""
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "start.sh").write_text("#!/bin/bash\nset -e\nserver $1 # main\n")
    folder = BuildContext(tmp_path)
    for copy in ("COPY docker/start.sh /bin/start.sh", "COPY docker /bin"):
        text = complete(f'{copy}\nENTRYPOINT ["/bin/start.sh"]\n')
        (found,) = findings(ScriptWithoutExec, text, folder=folder)
        assert "`server $1`" in found.message


def test_npm_start_becomes_the_script_of_the_manifest(tmp_path: Path) -> None:
    """Only a plain call of node, without hooks, is put in its place."""
    text = 'FROM node:22\nWORKDIR /a\nCOPY package.json ./\nCMD ["npm", "start"]\n'
    (tmp_path / "package.json").write_text('{"scripts": {"start": "node --no-deprecation server.js"}}')
    (found,) = findings(PackageManagerAsProcess, text, folder=BuildContext(tmp_path))
    assert found.fix is not None
    assert found.fix.edits[0].text == '"node", "--no-deprecation", "server.js"'
    for scripts in ('{"start": "node a && node b"}', '{"start": "node a", "prestart": "b"}', "[]"):
        (tmp_path / "package.json").write_text(f'{{"scripts": {scripts}}}')
        (found,) = findings(PackageManagerAsProcess, text, folder=BuildContext(tmp_path))
        assert found.fix is None


def test_program_without_a_handler(tmp_path: Path) -> None:
    """The source is read for a word about SIGTERM; what is not found is not judged."""
    text = 'FROM node:22\nWORKDIR /a\nCOPY server.js ./\nCMD ["node", "server.js"]\n'
    (tmp_path / "server.js").write_text("require('http')")
    assert len(findings(NodeWithoutInit, text, folder=BuildContext(tmp_path))) == 1
    assert findings(NodeWithoutInit, text.replace('["node"', '["tini", "--", "node"')) == []
    (tmp_path / "server.js").write_text("process.on('SIGTERM', stop)")
    assert findings(NodeWithoutInit, text, folder=BuildContext(tmp_path)) == []
    assert findings(NodeWithoutInit, text) == []
