# SPDX-License-Identifier: Apache-2.0
# tap: TAP for shell tests. Source it first: it makes a scratch directory, goes there, and cleans up.
#   run CMD...                    runs; $rc, $out (stdout), $err (stderr) hold what came of it
#   ok COND-COMMAND "promise"     e.g. ok 'test $rc = 0' "answers"
#   is "$got" "$want" "promise"; like "$got" REGEX "promise"; exits N "promise" (of the last run)
#   skip_all "why"; finish with `done_testing`
top=${BL_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${BL_BUILD:-$top/build}
bin=$build/bin
shared=$top/../shared
PATH=$bin:$PATH
export PATH LC_ALL=C TZ=UTC XDG_CONFIG_HOME=/nonexistent NO_COLOR=1
unset BL_VAULT BL_LIBEXEC
tap_n=0 tap_bad=0
scratch=$(mktemp -d "${TMPDIR:-/tmp}/bl-test.XXXXXX") || exit 1
trap 'cd /; chmod -R u+rwx "$scratch" 2>/dev/null; rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
tap() { tap_n=$((tap_n + 1)); if [ "$1" = 0 ]; then echo "ok $tap_n - $2"; else tap_bad=$((tap_bad + 1)); echo "not ok $tap_n - $2"; fi; }
diag() { printf '%s\n' "$*" | sed 's/^/# /'; }
run() { "$@" >"$scratch/.out" 2>"$scratch/.err" </dev/null; rc=$?; out=$(cat "$scratch/.out"); err=$(cat "$scratch/.err"); }
ok() { if eval "$1"; then tap 0 "$2"; else tap 1 "$2"; diag "false: $1"; diag "rc=${rc-} out=${out-} err=${err-}"; fi; }
is() { if [ "$1" = "$2" ]; then tap 0 "$3"; else tap 1 "$3"; diag "got:    $1"; diag "wanted: $2"; fi; }
like() { if printf '%s\n' "$1" | grep -Eq -- "$2"; then tap 0 "$3"; else tap 1 "$3"; diag "got: $1"; diag "wanted something like: $2"; fi; }
unlike() { if printf '%s\n' "$1" | grep -Eq -- "$2"; then tap 1 "$3"; diag "got: $1"; else tap 0 "$3"; fi; }
exits() { is "$rc" "$1" "$2"; [ "$rc" = "$1" ] || { diag "out: $out"; diag "err: $err"; }; }
skip() { tap_n=$((tap_n + 1)); echo "ok $tap_n # SKIP $1"; }
skip_all() { echo "1..0 # SKIP $1"; exit 0; }
done_testing() { echo "1..$tap_n"; [ "$tap_bad" = 0 ] && [ "$tap_n" -gt 0 ]; exit $?; }
