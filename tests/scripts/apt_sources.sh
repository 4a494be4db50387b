#!/usr/bin/env bash
# What scripts/lib.sh reads out of a machine's package sources, on sources made up here. No root, no apt, no network.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../../scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

ROOT=$(mktemp -d)
trap 'rm -rf "$ROOT"' EXIT
PASSED=0 FAILED=0

# expect NAME WANTED GOT
expect() {
    if [ "$2" = "$3" ]; then
        echo "ok      $1"
        PASSED=$((PASSED + 1))
    else
        printf 'FAILED  %s\nwanted:\n%s\ngot:\n%s\n' "$1" "$2" "$3"
        FAILED=$((FAILED + 1))
    fi
}
succeeds() { if "$@"; then echo yes; else echo no; fi; }
fresh() {
    rm -rf "$ROOT"
    mkdir -p "$ROOT/etc/apt/sources.list.d" "$ROOT/usr/share/vulkan/icd.d" "$ROOT/dev"
}

fresh
cat >"$ROOT/etc/apt/sources.list" <<'END'
# deb http://commented.example suite main
deb cdrom:[Disc 1]/ suite main
deb [arch=amd64 signed-by=/k.gpg] http://one.example/debian suite main non-free # a remark
deb [ arch=amd64 ] http://two.example/debian suite contrib main
deb http://one.example/security suite-security main
deb-src http://one.example/debian suite main
deb http://no-main.example/debian suite contrib
END
expect "one-line sources keep their options, and only main of the right suite is taken" \
    'deb [arch=amd64 signed-by=/k.gpg] http://one.example/debian suite-backports main
deb [ arch=amd64 ] http://two.example/debian suite-backports main' "$(backports_lines "$ROOT" suite)"
expect "one-line sources give no stanzas" "" "$(backports_stanzas "$ROOT" suite)"
expect "backports that are not configured are not known" no "$(succeeds knows_suite "$ROOT" suite-backports)"
echo 'deb http://one.example/debian suite-backports main' >"$ROOT/etc/apt/sources.list.d/own.list"
expect "backports that are configured are known" yes "$(succeeds knows_suite "$ROOT" suite-backports)"

fresh
cat >"$ROOT/etc/apt/sources.list.d/a.sources" <<'END'
Types: deb deb-src
# a remark
URIs: http://one.example/debian
Suites: suite suite-updates
Components: main contrib
Signed-By: /k.gpg

Types: deb
URIs: http://one.example/security
Suites: suite-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example
Suites: suite
Components: main
END
cat >"$ROOT/etc/apt/sources.list.d/b.sources" <<'END'
Types: deb
URIs: http://two.example/debian
Suites:
 suite
 suite-updates
Components: contrib main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----
END
expect "stanzas keep their key, and only those in use, of the right suite, are taken" \
    'Types: deb
URIs: http://one.example/debian
Signed-By: /k.gpg
Suites: suite-backports
Components: main

Types: deb
URIs: http://two.example/debian
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----
Suites: suite-backports
Components: main' "$(backports_stanzas "$ROOT" suite)"

fresh
unset VK_DRIVER_FILES VK_ICD_FILENAMES
icd="$ROOT/usr/share/vulkan/icd.d"
expect "no driver file is no driver" no "$(succeeds has_vulkan_driver "$ROOT")"
touch "$icd/nvidia_icd.json"
expect "an NVIDIA driver without its card cannot draw" no "$(succeeds has_vulkan_driver "$ROOT")"
touch "$ROOT/dev/nvidiactl"
expect "an NVIDIA driver with its card can" yes "$(succeeds has_vulkan_driver "$ROOT")"
rm "$icd/nvidia_icd.json"
touch "$icd/lvp_icd.x86_64.json"
expect "lavapipe can draw" yes "$(succeeds has_vulkan_driver "$ROOT")"

expect "versions are compared as numbers" "yes no yes" \
    "$(succeeds version_at_least 1.100.0 1.95) $(succeeds version_at_least 1.85.1 1.95) $(succeeds version_at_least 1.95.0 1.95)"

echo "$PASSED passed, $FAILED failed"
[ "$FAILED" -eq 0 ]
