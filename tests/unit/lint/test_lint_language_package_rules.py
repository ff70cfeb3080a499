"""Rules about package managers of languages: where they speak, where they are silent, what fixes make."""

from __future__ import annotations

from pathlib import Path

import pytest

from jettison.lint.context import BuildContext
from jettison.lint.rule import Rule
from jettison.lint.rules.cargo_install_without_lock import CargoInstallWithoutLock
from jettison.lint.rules.cargo_registry_kept import CargoRegistryKept
from jettison.lint.rules.composer_cache_kept import ComposerCacheKept
from jettison.lint.rules.conda_cache_kept import CondaCacheKept
from jettison.lint.rules.conda_without_yes import CondaWithoutYes
from jettison.lint.rules.dependencies_upgraded import DependenciesUpgraded
from jettison.lint.rules.development_packages_kept import DevelopmentPackagesKept
from jettison.lint.rules.gem_cache_kept import GemCacheKept
from jettison.lint.rules.gem_documentation_kept import GemDocumentationKept
from jettison.lint.rules.go_cache_kept import GoCacheKept
from jettison.lint.rules.lock_file_not_copied import LockFileNotCopied
from jettison.lint.rules.lock_not_enforced import LockNotEnforced
from jettison.lint.rules.npm_cache_kept import NpmCacheKept
from jettison.lint.rules.npm_install_in_build import NpmInstallInBuild
from jettison.lint.rules.nuget_cache_kept import NugetCacheKept
from jettison.lint.rules.pip_cache_kept import PipCacheKept
from jettison.lint.rules.poetry_cache_kept import PoetryCacheKept
from jettison.lint.rules.unpinned_composer_package import UnpinnedComposerPackage
from jettison.lint.rules.unpinned_conda_package import UnpinnedCondaPackage
from jettison.lint.rules.unpinned_crate import UnpinnedCrate
from jettison.lint.rules.unpinned_dotnet_package import UnpinnedDotnetPackage
from jettison.lint.rules.unpinned_gem import UnpinnedGem
from jettison.lint.rules.unpinned_go_module import UnpinnedGoModule
from jettison.lint.rules.unpinned_javascript_package import UnpinnedJavascriptPackage
from jettison.lint.rules.unpinned_python_package import UnpinnedPythonPackage
from jettison.lint.rules.uv_cache_kept import UvCacheKept
from jettison.lint.rules.version_read_as_redirection import VersionReadAsRedirection
from jettison.lint.rules.yarn_cache_kept import YarnCacheKept
from jettison.lint.testing import complete, findings, fixed, marked

LOCKED = (
    "FROM node:22.11\nCOPY package.json package-lock.json yarn.lock pnpm-lock.yaml Gemfile.lock uv.lock ./\n"
)
"""A file whose lock files are copied by name."""


@pytest.mark.parametrize(
    ("rule", "text", "places"),
    [
        (UnpinnedPythonPackage, "RUN python3 -m pip install a==1 b 'c>=2'", ["b"]),
        (UnpinnedPythonPackage, "RUN uv pip install --system a", ["a"]),
        (UnpinnedPythonPackage, "RUN pip install -U pip", ["pip"]),
        (UnpinnedJavascriptPackage, "RUN npm i -g @vue/cli @vue/x@1", ["@vue/cli"]),
        (UnpinnedJavascriptPackage, "RUN yarn global add serve@latest", ["serve@latest"]),
        (UnpinnedJavascriptPackage, "RUN bun add zod", ["zod"]),
        (UnpinnedGem, "RUN gem install foreman --no-document", ["foreman"]),
        (UnpinnedGoModule, "RUN go get github.com/a/b", ["github.com/a/b"]),
        (UnpinnedGoModule, "RUN go run github.com/a/b@latest github.com/c/d", ["github.com/a/b@latest"]),
        (UnpinnedCrate, "RUN cargo install --locked ripgrep", ["ripgrep"]),
        (UnpinnedComposerPackage, "RUN composer create-project laravel/laravel .", ["laravel/laravel"]),
        (UnpinnedDotnetPackage, "RUN dotnet tool install -g dotnet-trace", ["dotnet-trace"]),
        (UnpinnedCondaPackage, "RUN mamba install -y -c conda-forge numpy", ["numpy"]),
        (PipCacheKept, "RUN pip3.11 install a && pip3.11 install b", ["install", "install"]),
        (PipCacheKept, "RUN rm -rf ~/.cache/pip && pip install a", ["install"]),
        (PipCacheKept, "ENV PIP_NO_CACHE_DIR=0\nRUN pip install a", ["install"]),
        (UvCacheKept, "RUN uv sync", ["sync"]),
        (NpmCacheKept, "RUN npm ci && npm install -g x", ["install"]),
        (YarnCacheKept, "RUN yarn", ["yarn"]),
        (GemCacheKept, "FROM ruby:3.3\nRUN bundle install", ["install"]),
        (GoCacheKept, "RUN go install github.com/a/b@v1", ["install"]),
        (CargoRegistryKept, "RUN cargo install ripgrep", ["install"]),
        (CondaCacheKept, "RUN conda install -y numpy", ["install"]),
        (ComposerCacheKept, "RUN composer install", ["install"]),
        (PoetryCacheKept, "RUN poetry install", ["install"]),
        (NugetCacheKept, "RUN dotnet tool install -g x", ["install"]),
        (NpmInstallInBuild, "COPY . .\nRUN npm install", ["install"]),
        (LockNotEnforced, f"{LOCKED}RUN yarn", ["yarn"]),
        (LockNotEnforced, f"{LOCKED}RUN pnpm i --no-frozen-lockfile", ["i"]),
        (LockNotEnforced, f"{LOCKED}RUN uv sync", ["sync"]),
        (LockNotEnforced, "COPY . .\nRUN cargo build --release", ["build"]),
        (LockFileNotCopied, "COPY Gemfile ./\nRUN bundle install", ["Gemfile"]),
        (DevelopmentPackagesKept, "RUN npm ci", ["npm ci"]),
        (
            DevelopmentPackagesKept,
            "FROM node:22 AS a\nRUN npm ci\nFROM node:22\nCOPY --from=a /srv/node_modules /srv/node_modules",
            ["npm ci"],
        ),
        (DependenciesUpgraded, "RUN bundle update", ["update"]),
        (CargoInstallWithoutLock, "RUN cargo install --git https://example.org/x", ["install"]),
        (CondaWithoutYes, "RUN conda create -n x python=3.12", ["create"]),
        (GemDocumentationKept, "RUN gem install foreman:1.0", ["install"]),
    ],
)
def test_rule_speaks(rule: type[Rule], text: str, places: list[str]) -> None:
    """The finding underlines exactly what is wrong."""
    assert marked(rule, complete(text)) == places


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (UnpinnedPythonPackage, "RUN pip install -c limits.txt a"),
        (UnpinnedPythonPackage, "RUN pip install -r requirements.txt . .[dev] ./x git+https://example.org/a"),
        (UnpinnedPythonPackage, "ARG P\nRUN pip install $P"),
        (UnpinnedPythonPackage, "RUN pip install 'a>=1,<2' 'b~=3.1'"),
        (UnpinnedJavascriptPackage, "RUN npm ci && npm install ./local.tgz && npm install -g npm@10"),
        (UnpinnedGem, "RUN gem install foreman -v 1.0"),
        (UnpinnedGoModule, "RUN go install ./cmd/x && go run main.go && go install tool github.com/a/b"),
        (UnpinnedCrate, "RUN cargo install --path . && cargo install --version 1.0 ripgrep"),
        (UnpinnedComposerPackage, "RUN composer create-project laravel/laravel . v8.4.2"),
        (UnpinnedDotnetPackage, "RUN dotnet tool install x --version 1.0"),
        (UnpinnedCondaPackage, "RUN conda install -y --file list.txt"),
        (PipCacheKept, "ENV PIP_NO_CACHE_DIR=1\nRUN pip install a"),
        (PipCacheKept, "RUN pip install a && rm -rf /root/.cache"),
        (PipCacheKept, "RUN --mount=type=cache,target=/root/.cache pip install a"),
        (PipCacheKept, "FROM python:3 AS a\nRUN pip install a\nFROM python:3\nCOPY --from=a /x /x"),
        (UvCacheKept, "RUN uv sync --no-cache && uv pip install --system -n x"),
        (NpmCacheKept, "RUN npm ci && npm cache clean --force"),
        (YarnCacheKept, "RUN corepack enable && yarn install"),
        (YarnCacheKept, "RUN yarn install --immutable"),
        (GemCacheKept, "RUN gem install x && rm -rf /usr/local/bundle/cache/*.gem"),
        (GoCacheKept, "RUN go install ./cmd/x"),
        (CargoRegistryKept, "RUN cargo install x && rm -rf $CARGO_HOME/registry"),
        (CondaCacheKept, "RUN conda install -y numpy && conda clean -afy"),
        (NpmInstallInBuild, "COPY package.json ./\nRUN npm install"),
        (NpmInstallInBuild, "RUN npm install -g serve@1"),
        (LockNotEnforced, f"{LOCKED}RUN yarn install --immutable && pnpm install --frozen-lockfile"),
        (LockNotEnforced, f"{LOCKED}RUN uv pip install -r x.txt && uv sync --frozen"),
        (LockNotEnforced, "RUN bundle config set --global frozen true && bundle install"),
        (LockNotEnforced, "COPY . .\nRUN cargo build --locked"),
        (LockFileNotCopied, "COPY package.json package-lock.json ./\nRUN npm install"),
        (LockFileNotCopied, "COPY package*.json ./\nRUN npm install"),
        (LockFileNotCopied, "COPY . .\nRUN npm install"),
        (LockFileNotCopied, "COPY package.json ./\nCOPY conf ./\nRUN npm install"),
        (
            LockFileNotCopied,
            "COPY package.json ./\nRUN --mount=type=bind,source=yarn.lock,target=yarn.lock yarn",
        ),
        (DevelopmentPackagesKept, "ENV NODE_ENV=production\nRUN npm ci"),
        (DevelopmentPackagesKept, "RUN npm ci\nCMD npm run dev"),
        (DevelopmentPackagesKept, "RUN npm ci && npm run build && npm prune --omit=dev"),
        (
            DevelopmentPackagesKept,
            "FROM node:22 AS a\nRUN npm ci\nFROM node:22\nCOPY --from=a /srv/dist /srv",
        ),
        (DependenciesUpgraded, "RUN gem update --system 3.0.3 && npm update left-pad"),
        (CargoInstallWithoutLock, "RUN cargo install --path . && cargo binstall x"),
        (CondaWithoutYes, "ENV CONDA_ALWAYS_YES=true\nRUN conda install numpy=1"),
        (GemDocumentationKept, "FROM ruby:3.3\nRUN gem install x"),
    ],
)
def test_rule_is_silent(rule: type[Rule], text: str) -> None:
    """Nothing is said where it is in order, does not ship, or is not known."""
    assert findings(rule, complete(text)) == []


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        (PipCacheKept, "RUN sudo -H pip install a\n", "RUN sudo -H pip install --no-cache-dir a\n"),
        (
            NpmCacheKept,
            "RUN npm ci \\\n && true\n",
            "RUN npm ci \\\n && true \\\n && npm cache clean --force\n",
        ),
        (
            CondaCacheKept,
            "RUN /opt/conda/bin/conda install -y x=1\n",
            "RUN /opt/conda/bin/conda install -y x=1 && /opt/conda/bin/conda clean --all --yes\n",
        ),
        (NpmInstallInBuild, f"{LOCKED}RUN npm i\n", f"{LOCKED}RUN npm ci\n"),
        (LockNotEnforced, f"{LOCKED}RUN yarn\n", f"{LOCKED}RUN yarn --frozen-lockfile\n"),
        (
            LockNotEnforced,
            f"{LOCKED}RUN bundle install\n",
            f"{LOCKED}RUN BUNDLE_FROZEN=true bundle install\n",
        ),
        (
            LockFileNotCopied,
            "FROM node:22.11\nCOPY app/package.json ./\nRUN npm install\n",
            "FROM node:22.11\nCOPY app/package.json app/package-lock.json* ./\nRUN npm install\n",
        ),
        (
            DevelopmentPackagesKept,
            f"{LOCKED}RUN poetry install\n",
            f"{LOCKED}RUN poetry install --only=main\n",
        ),
    ],
)
def test_fix(rule: type[Rule], before: str, after: str) -> None:
    """The fix changes what it says and keeps the rest."""
    assert fixed(rule, complete(before), unsafe=True) == complete(after)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (NpmCacheKept, "RUN apk add npm && npm install x && apk del npm"),
        (NpmCacheKept, "RUN if command -v npm; then npm install x; fi"),
        (NpmCacheKept, "RUN (. nvm.sh && npm install x)"),
        (DevelopmentPackagesKept, "RUN npm ci && npm run build"),
        (LockNotEnforced, "COPY . .\nRUN yarn install"),
        (NpmInstallInBuild, "COPY package.json package-lock.json* ./\nRUN npm install"),
        (YarnCacheKept, "COPY .yarn .yarn\nRUN yarn install"),
    ],
)
def test_no_fix_where_it_could_break_the_build(rule: type[Rule], text: str) -> None:
    """The finding stays, the text too."""
    assert findings(rule, complete(text))
    assert fixed(rule, complete(text), unsafe=True) == complete(text)


def test_cleaning_is_unsafe_where_a_later_run_does_without_the_network() -> None:
    """It would not find what it needs."""
    text = complete("RUN npm ci\nRUN npm install --offline ./app\n")
    assert "npm ci && npm cache" not in fixed(NpmCacheKept, text)
    assert "npm ci && npm cache" in fixed(NpmCacheKept, text, unsafe=True)


def test_a_long_list_is_one_finding() -> None:
    """Two names are told, and how many more there are."""
    found = findings(UnpinnedPythonPackage, complete("RUN pip install a b c d"))
    assert [item.message for item in found] == ["`a`, `b` and 2 more come in whatever version is the newest"]


def test_the_build_context_tells_whether_there_is_a_lock_file(tmp_path: Path) -> None:
    """With `COPY . .`, the folder is asked."""
    text = "FROM node:22.11\nCOPY . .\nRUN npm install\n"
    (tmp_path / "package.json").write_text("{}")
    assert findings(NpmInstallInBuild, text, folder=BuildContext(tmp_path))[0].fix is None
    (tmp_path / "package-lock.json").write_text("{}")
    assert findings(NpmInstallInBuild, text, folder=BuildContext(tmp_path))[0].fix is not None


def test_no_packages_for_development_are_none_to_leave_out(tmp_path: Path) -> None:
    """package.json is asked where it can be read."""
    text = "FROM node:22.11\nCOPY . .\nRUN npm ci\n"
    (tmp_path / "package.json").write_text('{"dependencies": {"express": "4"}}')
    assert findings(DevelopmentPackagesKept, text, folder=BuildContext(tmp_path)) == []
    (tmp_path / "package.json").write_text('{"devDependencies": {"jest": "29"}}')
    assert len(findings(DevelopmentPackagesKept, text, folder=BuildContext(tmp_path))) == 1


def test_a_version_that_the_shell_takes_for_a_redirection() -> None:
    """It is quoted whole; real redirections are left alone."""
    text = complete("RUN pip install a>=1,<2 b\n")
    assert marked(VersionReadAsRedirection, text) == ["a>=1,<2"]
    assert fixed(VersionReadAsRedirection, text, unsafe=True) == text.replace("a>=1,<2", "'a>=1,<2'")
    assert (
        findings(VersionReadAsRedirection, complete("RUN pip install a > log && pip install 'b>=1' >2.log"))
        == []
    )
