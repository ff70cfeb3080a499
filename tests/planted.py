"""Secrets of every kind for tests, made at random from a seed: none of them was ever valid."""

import base64
import random
import string

HEX = "0123456789abcdef"
ALNUM = string.ascii_letters + string.digits
UPPER = string.ascii_uppercase + string.digits
WORD = ALNUM + "_-"


def secrets(seed: int = 1) -> dict[str, str]:
    """One text for each kind of credential."""
    rng = random.Random(seed)

    def some(alphabet: str, length: int) -> str:
        return "".join(rng.choice(alphabet) for _ in range(length))

    def key(kind: str) -> str:
        body = base64.b64encode(rng.randbytes(600)).decode()
        lines = "\n".join(body[i : i + 64] for i in range(0, len(body), 64))
        return f"-----BEGIN {kind}PRIVATE KEY-----\n{lines}\n-----END {kind}PRIVATE KEY-----\n"

    def jwt() -> str:
        parts = ('{"alg":"HS256","typ":"JWT"}', f'{{"sub":"{some(HEX, 12)}","iat":1516239022}}')
        head = ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
        return f"{head}.{some(WORD, 43)}"

    return {
        "aws-access-key": "AKIA" + some(string.ascii_uppercase + "234567", 16),
        "github-token": "ghp_" + some(ALNUM, 36),
        "github-fine-token": "github_pat_" + some(ALNUM, 22) + "_" + some(ALNUM, 59),
        "gitlab-token": "glpat-" + some(WORD, 20),
        "slack-token": f"xoxb-{some(string.digits, 12)}-{some(string.digits, 12)}-{some(ALNUM, 24)}",
        "slack-webhook": "https://hooks.slack.com/services/"
        f"T{some(UPPER, 9)}/B{some(UPPER, 9)}/{some(ALNUM, 24)}",
        "stripe-key": "sk_live_" + some(ALNUM, 24),
        "google-api-key": "AIza" + some(WORD, 35),
        "google-token": "ya29." + some(WORD, 68),
        "gcp-key-id": '"private_key_id": "' + some(HEX, 40) + '"',
        "sendgrid-key": f"SG.{some(WORD, 22)}.{some(WORD, 43)}",
        "npm-token": "npm_" + some(ALNUM, 36),
        "pypi-token": "pypi-AgEIcHlwaS5vcmc" + some(WORD, 70),
        "docker-token": "dckr_pat_" + some(WORD, 27),
        "vault-token": "hvs." + some(WORD, 90),
        "jwt": jwt(),
        "azure-storage-key": "AccountKey=" + base64.b64encode(rng.randbytes(64)).decode(),
        "shopify-token": "shpat_" + some(HEX, 32),
        "digitalocean-token": "dop_v1_" + some(HEX, 64),
        "anthropic-key": "sk-ant-api03-" + some(WORD, 93),
        "openai-key": "sk-" + some(ALNUM, 20) + "T3BlbkFJ" + some(ALNUM, 20),
        "huggingface-token": "hf_" + some(string.ascii_letters, 34),
        "twilio-key": "SK" + some(HEX, 32),
        "mailgun-key": "key-" + some(HEX, 32),
        "mailchimp-key": some(HEX, 32) + "-us12",
        "databricks-token": "dapi" + some(HEX, 32),
        "telegram-token": some("123456789", 10) + ":AA" + some(WORD, 33),
        "discord-token": "M" + some(ALNUM, 23) + "." + some(ALNUM, 6) + "." + some(WORD, 27),
        "age-key": "AGE-SECRET-KEY-1" + some(UPPER, 58),
        "grafana-token": "glsa_" + some(ALNUM, 32) + "_" + some(HEX, 8),
        "newrelic-key": "NRAK-" + some(UPPER, 27),
        "linear-key": "lin_api_" + some(ALNUM, 40),
        "square-token": "sq0atp-" + some(WORD, 22),
        "atlassian-token": "ATATT3xFfGF0" + some(WORD, 60) + "=" + some(UPPER, 8),
        "pulumi-token": "pul-" + some(HEX, 40),
        "terraform-token": some(ALNUM, 14) + ".atlasv1." + some(WORD, 67),
        "dynatrace-token": f"dt0c01.{some(UPPER, 24)}.{some(UPPER, 64)}",
        "doppler-token": "dp.pt." + some(ALNUM, 43),
        "rubygems-key": "rubygems_" + some(HEX, 48),
        "airtable-token": "pat" + some(ALNUM, 14) + "." + some(HEX, 64),
        "private-key": key("RSA "),
        "url-password": f"postgres://app:{some(ALNUM, 14)}@db.internal:5432/app",
    }


def private_keys(seed: int = 1) -> list[str]:
    """Keys of every form that PEM has."""
    rng = random.Random(seed)
    body = base64.b64encode(rng.randbytes(300)).decode()
    lines = "\n".join(body[i : i + 64] for i in range(0, len(body), 64))
    return [
        f"-----BEGIN {kind}PRIVATE KEY{tail}-----\n{lead}{lines}\n-----END"
        for kind, tail, lead in (
            ("", "", ""),
            ("EC ", "", ""),
            ("OPENSSH ", "", ""),
            ("ENCRYPTED ", "", ""),
            ("RSA ", "", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"),
            ("PGP ", " BLOCK", "Version: GnuPG v2\n\n"),
        )
    ]
