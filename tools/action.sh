#!/usr/bin/env bash
# What action.yml runs: install isoaudit from the action's own checkout, scan, hand the results on.
#
# Every input comes in INPUT_…; none is taken for an option, since each follows one or is a path that
# does not begin with a dash.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${ISOAUDIT_VENV:-${RUNNER_TEMP:?}/isoaudit}

die() { echo "::error title=isoaudit::$1"; exit 2; }

if [ ! -x "$venv/bin/isoaudit" ]; then
    "${INPUT_PYTHON:-python3}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        die "Python 3.11 or newer is needed: name it in the input python, or set it up before"
    "${INPUT_PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$here"
fi

words=()
# Adds the option $1 once for each line of $2.
each() {
    local line
    while IFS= read -r line; do
        line=${line%$'\r'}
        [ -z "$line" ] || words+=("$1=$line")
    done <<<"$2"
}
flag() { case $2 in true) words+=("$1") ;; false | "") ;; *) die "$1: true or false" ;; esac; }

each --profile "${INPUT_PROFILE:-}"
each --fail-on "${INPUT_FAIL_ON:-}"
each --since "${INPUT_SINCE:-}"
each --baseline "${INPUT_BASELINE:-}"
each --waivers "${INPUT_WAIVERS:-}"
each --output "${INPUT_FORMATS:-}"
flag --fail-on-unknown "${INPUT_FAIL_ON_UNKNOWN:-}"
flag --report-only "${INPUT_REPORT_ONLY:-}"

sarif=${INPUT_SARIF_FILE:-isoaudit.sarif}
[ "$sarif" = "${sarif//[$'\r\n']/}" ] || die "sarif-file: one line"
rm -f -- "$sarif"
words+=("--output=sarif=$sarif")
screen=table
[ "${INPUT_ANNOTATIONS:-true}" != true ] || screen=github
words+=("--output=$screen=-")
summary=
if [ "${INPUT_SUMMARY:-true}" = true ] && [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
    summary=$(mktemp)
    words+=("--output=markdown=$summary")
fi

targets=()
while IFS= read -r line; do
    line=${line%$'\r'}
    case $line in
    "") ;;
    -*) targets+=("./$line") ;;
    *) targets+=("$line") ;;
    esac
done <<<"${INPUT_PATHS:-.}"

# A line of the table may begin with the name of a file, which a pull request may call ::error::.
token=
if [ "$screen" = table ]; then
    token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    echo "::stop-commands::$token"
fi
code=0
"$venv/bin/isoaudit" scan "${words[@]}" "${targets[@]}" || code=$?
[ -z "$token" ] || echo "::$token::"

if [ -n "$summary" ]; then
    cat "$summary" >>"$GITHUB_STEP_SUMMARY"
    rm -f "$summary"
fi
[ -f "$sarif" ] || sarif=
{
    echo "sarif-file=$sarif"
    echo "exit-code=$code"
} >>"${GITHUB_OUTPUT:-/dev/null}"
exit "$code"
