"""The kinds of credentials that are recognised by their form alone.

Each issuer's form is what the issuer documents or, where none does, what the scanners of the field agree on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of credential."""

    id: str
    title: str
    entropy: float
    """Bits a byte that it has at the least, so that `AKIAXXXXXXXXXXXXXXXX` is not taken for one."""
    marks: tuple[bytes, ...]
    """Literals, one of which is within or right before the first long run of every credential of the kind."""
    tail: bytes
    """A pattern for what stands right before such a run instead; empty if there are marks."""
    literals: tuple[bytes, ...]
    """For kinds that may have no such run: literals to look for in the whole text, one of which is in every
    match."""
    pattern: re.Pattern[bytes]


# Columns: id, title, least entropy, marks (or `<` and the tail, or literals with `=` before each), pattern.
# `^^` stands for: no name goes on here, unless it is the letter of an escape (`\n`) in a string.
_TABLE: Final = r"""
aws-access-key     AWS access key id         2.6  AKIA,ASIA,ABIA,ACCA  ^^(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![\w-])
github-token       GitHub token              3.0  ghp_,gho_,ghu_,ghs_,ghr_  gh[pousr]_[A-Za-z0-9]{36,255}
github-fine-token  GitHub fine-grained token 3.0  github_pat_  github_pat_\w{60,255}
gitlab-token       GitLab token              3.0  glpat-,glrt-,gldt-,glcbt-,glptt-,glft-,glsoat-,glagent-,gloas-  gl(?:pat|rt|dt|cbt|ptt|ft|soat|agent|oas)-[\w-]{20,}
slack-token        Slack token               2.8  xoxa-,xoxb-,xoxe-,xoxo-,xoxp-,xoxr-,xoxs-  xox[abeoprs]-(?:[0-9A-Za-z]+-){1,4}[0-9A-Za-z]{10,}
slack-app-token    Slack app token           2.8  xapp-  xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]{20,}
stripe-key         Stripe live key           3.0  rk_live_,sk_live_  [rs]k_live_[0-9A-Za-z]{20,}
stripe-webhook     Stripe webhook secret     3.0  whsec_  whsec_[A-Za-z0-9+/=]{32,}
google-api-key     Google API key            3.5  AIza  AIza[\w-]{35}(?![\w-])
google-token       Google OAuth token        3.5  ya29.  ya29\.[\w-]{30,}
google-secret      Google OAuth secret       3.0  GOCSPX-  GOCSPX-[\w-]{28}(?![\w-])
sendgrid-key       SendGrid API key          3.5  SG.  SG\.[\w-]{20,24}\.[\w-]{39,50}
npm-token          npm access token          3.0  npm_  npm_[A-Za-z0-9]{36}(?![\w-])
pypi-token         PyPI upload token         3.0  pypi-AgE  pypi-AgE[\w-]{50,}
rubygems-key       RubyGems API key          3.0  rubygems_  rubygems_[a-f0-9]{48}(?![\w-])
crates-token       crates.io token           4.2  cio  ^^cio[A-Za-z0-9]{32}(?![\w-])
docker-token       Docker access token       3.0  dckr_pat_,dckr_oat_  dckr_(?:pat|oat)_[\w-]{27,}
vault-token        HashiCorp Vault token     3.0  hvs.,hvb.,hvr.  hv[bsr]\.[\w-]{24,}
terraform-token    Terraform Cloud token     3.0  .atlasv1.  [A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,}
jwt                JSON Web Token            3.5  eyJ  eyJ[\w-]{12,}\.eyJ[\w-]{12,}\.[\w-]{16,}
shopify-token      Shopify token             3.0  shpat_,shpca_,shppa_,shpss_  shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}(?![\w-])
digitalocean-token DigitalOcean token        3.0  doo_v1_,dop_v1_,dor_v1_  do[opr]_v1_[a-f0-9]{64}(?![\w-])
anthropic-key      Anthropic API key         3.0  sk-ant-  sk-ant-[\w-]{32,}
openai-key         OpenAI API key            3.5  sk-  sk-(?:proj|svcacct|admin)-[\w-]{32,}|sk-[A-Za-z0-9]{20,}T3BlbkFJ[\w-]{20,}
huggingface-token  Hugging Face token        3.5  hf_,api_org_  ^^(?:hf|api_org)_[A-Za-z]{34}(?![\w-])
linear-key         Linear API key            3.0  lin_api_,lin_oauth_  lin_(?:api|oauth)_[A-Za-z0-9]{32,}
square-token       Square token              3.0  sq0atp-,sq0csp-,sq0idp-,EAAA  ^^(?:sq0(?:atp|csp|idp)-[\w-]{22,43}|EAAA[\w-]{60})(?![\w-])
twilio-key         Twilio key                3.0  SK  ^^SK[0-9a-f]{32}(?![\w-])
mailgun-key        Mailgun key               3.0  key-  ^^key-[0-9a-f]{32}(?![\w-])
mailchimp-key      Mailchimp API key         3.0  -us  ^^[0-9a-f]{32}-us\d{1,2}(?![\w-])
databricks-token   Databricks token          3.0  dapi  ^^dapi[0-9a-f]{32}(?:-\d)?(?![\w-])
newrelic-key       New Relic key             3.0  NRAK-,NRJS-,NRII-,NRRA-  NR(?:AK|JS|II|RA)-[A-Za-z0-9-]{27,}
grafana-token      Grafana token             3.0  glsa_,glc_  gl(?:sa|c)_[\w=-]{32,}
atlassian-token    Atlassian API token       3.5  ATATT,ATCTT,ATBB  ^^AT(?:ATT|CTT|BB)[\w=-]{28,}
pulumi-token       Pulumi access token       3.0  pul-  ^^pul-[a-f0-9]{40}(?![\w-])
planetscale-token  PlanetScale token         3.0  pscale_  pscale_(?:tkn|pw|oauth)_[\w.=-]{32,}
postman-key        Postman API key           3.0  PMAK-  PMAK-[a-f0-9]{24}-[a-f0-9]{34}
sentry-token       Sentry token              3.5  sntrys_,sntryu_  sntry[su]_[A-Za-z0-9+/=_-]{40,}
alibaba-key        Alibaba access key id     3.5  LTAI  ^^LTAI[A-Za-z0-9]{16,20}(?![\w-])
dynatrace-token    Dynatrace token           3.0  <dt0[a-z]\d\d\.  dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}
doppler-token      Doppler token             3.0  <dp\.[a-z]{2,5}\.  dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[\w-]+\.)?[A-Za-z0-9]{40,}
age-key            age secret key            3.0  AGE-SECRET-KEY-1  AGE-SECRET-KEY-1[A-Z0-9]{50,}
telegram-token     Telegram bot token        3.5  <\d{8,10}:  (?<!\d)\d{8,10}:AA[\w-]{33}(?![\w-])
facebook-token     Facebook access token     4.2  EAAC,EAAB,EAAM,EAAD  ^^EAA[CBMD][A-Za-z0-9]{80,}(?![\w/+-])
heroku-key         Heroku API key            3.0  HRKU-  HRKU-[\w-]{36,}
nuget-key          NuGet API key             3.5  oy2  ^^oy2[a-z0-9]{43}(?![\w-])
fly-token          Fly.io token              3.5  fo1_  ^^fo1_[\w-]{43}(?![\w-])
figma-token        Figma token               3.5  figd_,figo_,figu_  ^^fig[dou]_[\w-]{40,}
notion-token       Notion token              3.8  ntn_,secret_  ^^(?:ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{43})(?![\w-])
airtable-token     Airtable token            3.5  <pat\w{14}\.  ^^pat[A-Za-z0-9]{14}\.[a-f0-9]{64}(?![\w-])
supabase-key       Supabase service key      3.0  sbp_,sbs_  ^^sb[ps]_[A-Za-z0-9_]{36,}
discord-token      Discord bot token         4.0  <\.[\w-]{6}\.  ^^[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,40}(?![\w-])
slack-webhook      Slack webhook             3.0  </B[A-Z0-9]{8,}/  hooks\.slack\.com/services/T[A-Z0-9]{8,}/B[A-Z0-9]{8,}/[A-Za-z0-9]{20,}
discord-webhook    Discord webhook           3.5  </\d{17,19}/  discord(?:app)?\.com/api/webhooks/\d{15,}/[\w-]{40,}
azure-storage-key  Azure storage key         4.0  =AccountKey=  AccountKey=[A-Za-z0-9+/]{86}==
aws-secret-key     AWS secret access key     4.0  =aws_secret_access_key,=AWS_SECRET_ACCESS_KEY,=ecretAccessKey  (?i)(?:aws_?)?secret_?access_?key["']?\s*[:=]\s*["']?[A-Za-z0-9/+]{40}(?![\w/+])
gcp-key-id         Google service account    2.5  <_key_id["']?\s*:\s*["']  private_key_id["']?\s*:\s*["'][a-f0-9]{40}
"""  # noqa: E501 - a table is read by its columns

_ROW: Final = re.compile(r"(\S+) +(.+?) +(\d\.\d)  (\S+) +(\S+)")


_START: Final = r"(?:(?<![\w-])|(?<=\\[nrt]))"


def _kind(row: re.Match[str]) -> Kind:
    words = row[4].encode().split(b",") if not row[4].startswith("<") else []
    return Kind(
        id=row[1],
        title=row[2],
        entropy=float(row[3]),
        marks=tuple(word for word in words if not word.startswith(b"=")),
        tail=b"" if words else row[4][1:].encode(),
        literals=tuple(word[1:] for word in words if word.startswith(b"=")),
        pattern=re.compile(row[5].replace("^^", _START).encode()),
    )


KINDS: Final = tuple(_kind(row) for row in _ROW.finditer(_TABLE))
