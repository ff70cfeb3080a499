"""CCH107 cache-mount-of-other-user."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.fix import Applicability, Fix, Scope, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._users import created_users, is_root, user_at
from jettison.lint.syntax import Instruction


class CacheMountOfOtherUser(Rule):
    """Flags a cache mount that the user of the RUN cannot write to.

    ## What it does
    Looks for `--mount=type=cache` without `uid=` or `mode=` in a RUN behind a USER that is not root.

    ## Why is this bad?
    The folder of a cache mount belongs to root with mode 0755, unless the mount says otherwise. The package
    manager then stops ("permission denied") or goes on silently without a cache.

    ## Example
    ```dockerfile
    USER 10001
    RUN --mount=type=cache,target=/home/app/.cache/pip pip install --user requests==2.32.3
    ```

    ## Use instead
    ```dockerfile
    USER 10001
    RUN --mount=type=cache,target=/home/app/.cache/pip,uid=10001 pip install --user requests==2.32.3
    ```

    ## When to ignore
    When the mount has `from=` a stage whose folder belongs to the user.

    ## Fix safety
    Safe: offered where the number of the user is known; nothing of the image depends on it.

    ## Sources
    - Dockerfile reference, `RUN --mount=type=cache`: uid, gid, mode
    """

    code = "CCH107"
    name = "cache-mount-of-other-user"
    severity = Severity.WARNING
    fixable = Applicability.SAFE
    keywords = frozenset({"RUN"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Mounts of root under another user."""
        mounts = [flag for flag in node.flags if flag.name == "mount" and "type=cache" in (flag.value or "")]
        user = user_at(node, context.build) if mounts else None
        stage = context.build.stage_of(node)
        if user is None or is_root(user) or stage is None:
            return
        number = int(user) if user.isdecimal() else created_users(stage, context).get(user)
        for flag in mounts:
            keys = {part.partition("=")[0] for part in (flag.value or "").split(",")}
            if keys & {"uid", "gid", "mode", "from", "ro", "readonly"}:
                continue
            fix = None
            if number is not None and flag.span.end == flag.value_span.end and node.index >= 0:
                edit = insert(flag.span.end, f",uid={number}")
                fix = Fix(f"add uid={number}", (edit,), Applicability.SAFE, Scope.CONFIG)
            yield self.at(flag.span, f"this folder belongs to root; `{user}` cannot write to it", fix=fix)
