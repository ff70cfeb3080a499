# shellcheck shell=bash
# Sourced by the scripts.

# as_root [ARG…]: goes on as root (the script starts anew with these arguments), or says why it cannot.
as_root() {
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { printf '%s: running containers needs root, and there is no sudo here\n' "$0" >&2; exit 4; }
    exec sudo --preserve-env "$PWD/scripts/${0##*/}" "$@"
  fi
}

# building_client: the path of a Docker client that can build. One older than 23 brings BuildKit, a newer one needs a plug-in.
building_client() {
  local client version
  while read -r client; do
    version=$("$client" version --format '{{.Client.Version}}' 2>/dev/null) || true
    if [ -n "$version" ] && { [ "${version%%.*}" -lt 23 ] || "$client" buildx version >/dev/null 2>&1; }; then
      printf '%s\n' "$client"
      return 0
    fi
  done < <(type -ap docker)
  return 1
}
