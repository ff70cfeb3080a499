"""A stop signal during the start: a rollout that is taken back, a node that is drained.

For the first process of a PID namespace the kernel drops every signal that it has no handler for. So an
application that installs its handler late never sees a signal that came early, and is killed after the whole
grace.
"""

from __future__ import annotations

import time

from jettison.harden.live import started
from jettison.sandbox.journal import Journal
from jettison.verify.replay import Scene

_SHARE = 0.3
"""When in its start the signal comes, as a share of the time to readiness."""
_EXTRA_S = 1.0


def stops_while_starting(scene: Scene, ready_s: float, stop_s: float, journal: Journal) -> bool:
    """Start the application, send the stop signal after some of its `ready_s` seconds, and see whether it
    ends. It has the time to start and to stop (`stop_s`) once more, and a second."""
    with started(scene, journal) as begun:
        box = begun.box
        time.sleep(_SHARE * ready_s)
        if box.poll() is not None:
            return True
        box.signal(scene.spec.stop_signal)
        return box.wait(ready_s + stop_s + _EXTRA_S) is not None
