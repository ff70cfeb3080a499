"""Every error that jettison raises on purpose.

::

    JettisonError                 70   (never raised itself)
    ├── ResultError                1   the result did not pass: findings, a difference, a budget
    ├── UsageError                 2   command line or configuration
    ├── RefusedError               3   the input is invalid, hostile or over a limit
    │   ├── InvalidInputError          malformed, truncated, contradicts itself
    │   ├── DigestError                bytes are not what their digest or size says
    │   ├── LimitError                 larger than a bound in `jettison.limits`
    │   └── PlatformError              made for another architecture or operating system
    ├── HostError                  4   this host lacks something or ran out of it
    │   └── AbsentError                there is no such program or service on this host
    ├── RemoteError                5   network, registry or engine
    │   └── NotFoundError              no such image, tag or blob
    └── ApplicationError           6   the original application itself did not work under the workload

The exit code stands on the class, the remedy (`hint`) on the instance. A message names the object and the
cause; the hint says what to do next. Neither ever holds a credential.
"""

from __future__ import annotations


class JettisonError(Exception):
    """Base of all errors raised on purpose; `str(error)` is one sentence, `error.hint` the remedy or an
    empty string."""

    exit_code = 70

    def __init__(self, message: str, *, hint: str = "", details: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.hint = hint
        self.details = details
        """Further lines worth showing under the message, such as the last lines of the application's
        output."""


class ResultError(JettisonError):
    """The work was done and its result did not pass."""

    exit_code = 1


class UsageError(JettisonError):
    """The command line or a configuration file asks for something that cannot be meant."""

    exit_code = 2


class RefusedError(JettisonError):
    """The input was refused."""

    exit_code = 3


class InvalidInputError(RefusedError):
    """The input is malformed, truncated, or contradicts itself."""


class DigestError(RefusedError):
    """Bytes do not have the digest or the size that was declared for them."""


class LimitError(RefusedError):
    """The input is larger than one of the bounds in `jettison.limits`."""


class PlatformError(RefusedError):
    """The image was made for another architecture or operating system."""


class HostError(JettisonError):
    """This host lacks something that is needed, or ran out of it."""

    exit_code = 4


class AbsentError(HostError):
    """A program or service is not there at all; one that is there and may not be used is a plain
    `HostError`."""


class RemoteError(JettisonError):
    """The network, a registry or the engine failed."""

    exit_code = 5


class NotFoundError(RemoteError):
    """An image, a tag or a blob does not exist where it was looked for."""


class ApplicationError(JettisonError):
    """The original application did not work under the workload; details hold its last lines of output."""

    exit_code = 6
