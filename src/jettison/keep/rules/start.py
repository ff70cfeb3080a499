"""Keeps what the image's configuration names, whether or not a run came to use it.

**What.** The programs of ENTRYPOINT, CMD and HEALTHCHECK as PATH resolves them, the commands in their shell
strings, the files that their arguments name; WORKDIR; VOLUME folders, empty, with owner and mode; the home
folder of USER.

**Why.** A health check may never have fired while the run was observed, and then fails for the first time in
production. A volume takes owner and mode from the image's folder when the engine first fills it; an empty,
user-owned folder that is dropped makes a server fail at its first write.

**Cost.** Next to nothing: the health check's program, where it is not the application's own.

**Sources.** OCI image-spec, config.md; docker run reference, "Volumes".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from jettison.keep.rule import Keep, Rule
from jettison.keep.shell import programs_of_argv

if TYPE_CHECKING:
    from jettison.keep.context import Context


class Start(Rule):
    """Programs and folders of the configuration."""

    name = "configuration"

    def begin(self, context: Context) -> Iterable[Keep]:
        """All of it stands in the configuration."""
        for instruction, argv in context.argv():
            yield from _command(context, instruction, argv)
        run = context.config.config
        if context.working_directory:
            yield Keep(context.working_directory, "WORKDIR of the image")
        for volume in sorted(run.volumes or ()):
            yield Keep(volume.encode("utf-8", "surrogateescape"), "VOLUME of the image")
        home = _home(context, (run.user or "0").partition(":")[0])
        if home:
            yield Keep(home, f"home folder of user {run.user or 'root'}")


def _command(context: Context, instruction: str, argv: list[bytes]) -> Iterator[Keep]:
    for program in programs_of_argv(argv):
        path = context.which(program)
        if path is not None:
            yield Keep(path, f"program of {instruction}")
    for word in argv[1:]:
        path = word if word.startswith(b"/") else b"/%s/%s" % (context.working_directory, word)
        if word and context.file(path) is not None:
            yield Keep(path, f"named by {instruction}")


def _home(context: Context, user: str) -> bytes:
    """The home folder in the image's own passwd(5); empty when the user has none."""
    for line in context.text(b"/etc/passwd").splitlines():
        fields = line.split(b":")
        if len(fields) >= 6 and user.encode("utf-8", "surrogateescape") in (fields[0], fields[2]):
            return fields[5]
    return b""
