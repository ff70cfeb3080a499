#!/bin/bash
# job.sh INPUT OUTPUT: sums the cargo of each ship in a table, as JSON and as a letter.
set -euo pipefail
input=$1 output=$2
[ -r "$input" ] || { echo "cannot read $input" >&2; exit 66; }
sorted=$(mktemp)
trap 'rm -f "$sorted"' EXIT
{ head -n 1 "$input"; tail -n +2 "$input" | sort -t, -k1,1; } >"$sorted"
"$(dirname "$0")/report.pl" "$sorted" | jq --sort-keys . >"$output"
gawk -v total="$(jq '[.[]] | add' "$output")" '{ gsub(/@TOTAL@/, total); print }' \
  "$(dirname "$0")/templates/letter.txt" >"${output%.json}.txt"
xz --keep --force --stdout "$output" >"$output.xz"
echo "wrote $output"
