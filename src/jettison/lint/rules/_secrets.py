"""What a secret looks like: by the name of a variable, by its value, by the name of a file.

Sources: BuildKit's SecretsUsedInArgOrEnv for names; the published token formats of the services for values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_NAME: Final = re.compile(
    r"(?:_|\A)(?:apikey|auth|credentials?|keys?|password|pword|passwd|pwd|passphrase|secrets?|tokens?|pat)(?:_|\Z)",
    re.IGNORECASE,
)
_GLUED: Final = re.compile(r"(?:password|passwd|secret|apikey|accesskey|authtoken)s?\Z", re.IGNORECASE)
_HARMLESS_NAME: Final = re.compile(
    r"(?:_|\A)(?:public|pub|file|files|path|dir|version|type|length|size|name|url|uri|host|server|port|ttl"
    r"|expiry|expires|expiration|method|algorithm|alg|enabled|disabled|provider|header|ring|keyring|sock"
    r"|fingerprint|policy|mode|format|timeout|count|plugin|allow|hash|sha256|sha512|checksum|repeat|rate"
    r"|gpg|pgp|layout|bindings?|required|optional|empty|random|generate)(?:_|\Z)",
    re.IGNORECASE,
)
_HARMLESS_VALUE: Final = re.compile(
    r"(?:|true|false|yes|no|on|off|none|null|nil|undefined|fake|dummy|unused|example|[0-]+|[\w.-]+\.(?:sh|py|txt|json|ya?ml|conf|pem|crt)|basic|trust|md5|scram-sha-256|\d{1,5}"
    r"|(?:\.{0,2}|~|[A-Za-z]:)[/\\].*|/.*|file:.*|<.*>|\{\{.*\}\}|[A-Z_]+_FILE|(?:[0-9A-F]{40}[\s\\]*)+)\Z",
    re.IGNORECASE,
)
TOKENS: Final = (
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a GitHub token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})\b")),
    ("a GitLab token", re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("an npm token", re.compile(r"\bnpm_[A-Za-z0-9]{36}\b")),
    ("a PyPI token", re.compile(r"\bpypi-AgE[A-Za-z0-9_-]{50,}")),
    ("a Slack token", re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}")),
    ("a Stripe key", re.compile(r"\b[sr]k_live_[A-Za-z0-9]{16,}")),
    ("a Google API key", re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b")),
    ("a SendGrid key", re.compile(r"\bSG\.[\w-]{16,}\.[\w-]{16,}")),
    ("a Docker Hub token", re.compile(r"\bdckr_pat_[A-Za-z0-9_-]{20,}")),
    ("a Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{30,}\b")),
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")),
    ("a signed token", re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")),
    (
        "a password in an address",
        re.compile(r"(?<=://)[^\s/:@'\"${}<>]+:(?!x-oauth)[^\s/:@'\"${}<>]+(?=@[\w\[.-])"),
    ),
)
"""Values that are secrets wherever they stand, with what they are."""
_FILES: Final = (
    (re.compile(r"(?:\A|/)id_(?:rsa|dsa|ecdsa|ed25519)\Z"), "a private SSH key"),
    (re.compile(r"(?:\A|/)\.ssh(?:/|\Z)"), "SSH keys"),
    (
        re.compile(r"(?:\A|/)\.env(?:\.(?!example|sample|template|dist|test|defaults)[\w.-]+)?\Z"),
        "variables with secrets",
    ),
    (re.compile(r"(?:\A|/)\.(?:netrc|git-credentials|pypirc|pgpass|htpasswd|vault-token)\Z"), "passwords"),
    (re.compile(r"(?:\A|/)\.(?:npmrc|yarnrc\.yml)\Z"), "a registry token, if it holds one"),
    (re.compile(r"(?:\A|/)\.(?:aws|azure|kube|gnupg|docker)(?:/|\Z)"), "credentials of a person"),
    (
        re.compile(
            r"(?:\A|/)(?:\w+[-_])?(?:credentials?|service[-_]account|client[-_]secrets?|secrets?)\.(?:json|ya?ml|toml|ini)\Z"
        ),
        "credentials",
    ),
    (re.compile(r"(?:\A|/)[\w.-]+\.(?:key|p12|pfx|jks|keystore|kdbx|ppk|ovpn)\Z"), "a private key"),
    (re.compile(r"(?:\A|/)(?:kubeconfig|terraform\.tfstate(?:\.backup)?|[\w.-]+\.tfvars)\Z"), "credentials"),
    (re.compile(r"(?:\A|/)(?:\w+[-_])?(?:key|privkey|private)\.pem\Z"), "a private key"),
)
_PUBLIC: Final = re.compile(
    r"(?:\A|/)(?:[\w.-]*(?:pub|public|repo|archive|release|signing|apt|gpg)[\w.-]*\.(?:key|pem)|[\w.-]*example[\w.-]*)\Z",
    re.I,
)


def names_secret(name: str) -> bool:
    """Whether a variable of this name holds a secret, as far as a name can tell."""
    if _HARMLESS_NAME.search(name):
        return False
    return bool(_NAME.search(name) or _GLUED.search(name))


def is_harmless(value: str) -> bool:
    """Whether a value is no secret whatever its name: a switch, a number, a path, the fingerprint of a
    public key, a place to fill in."""
    return bool(_HARMLESS_VALUE.match(value.strip()))


def is_reference(value: str) -> bool:
    """Whether a value is nothing but variables."""
    return bool(re.fullmatch(r"(?:\$\w+|\$\{\w+\})+", value))


_HINT: Final = re.compile(
    r"AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|npm_|pypi-|xox|k_live_|AIza|SG\.|dckr_pat_|hf_|PRIVATE KEY|eyJ|://[^\s/]+@"
)
"""What every token has in it: one search that is enough for most texts."""


def tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """Secrets that are recognised by their form: what it is, and where in the text."""
    for what, pattern in TOKENS if _HINT.search(text) else ():
        for match in pattern.finditer(text):
            yield what, match.start(), match.end()


def secret_file(path: str) -> str | None:
    """What a file of this name holds, if that is a secret."""
    if path.endswith(".pub") or _PUBLIC.search(path):
        return None
    return next((what for pattern, what in _FILES if pattern.search(path)), None)
