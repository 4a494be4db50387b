# What scripts/quickstart and scripts/test share: where things are, and how to get what is missing.
# Sourced, not run. Writes nothing outside of the repository, the cache folder and what apt installs.
# shellcheck shell=bash

say() { printf '%s\n' "== $*"; }
note() { printf '%s\n' "   $*"; }
die() {
    printf '%s\n' "stopped: $1" >&2
    shift
    [ $# -eq 0 ] || printf '  %s\n' "$@" >&2
    exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

# ---- Where things are -------------------------------------------------------------------------------------------------

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# `~` and not $HOME: some CI runners leave HOME unset, and bash then asks the user database.
[ -n "${HOME:-}" ] || HOME=~
export HOME
CACHE=${SCENEWRIGHT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/scenewright}
mkdir -p "$CACHE"
CACHE=$(cd "$CACHE" && pwd)
# Outside of the clone, so that a second clone, a worktree and CI build Bevy once between them.
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$CACHE/target}
mkdir -p "$CARGO_TARGET_DIR"
CARGO_TARGET_DIR=$(cd "$CARGO_TARGET_DIR" && pwd)
export CARGO_TARGET_DIR
export BINARY="$CARGO_TARGET_DIR/release/scenewright"

# Cargo tells the clones that share a target folder apart by nothing but the times of their files: after another clone has
# built there, this one has to build its own package again. Dependencies stay.
claim_target() {
    local mark="$CARGO_TARGET_DIR/last-clone"
    [ "$(cat "$mark" 2>/dev/null)" = "$REPO" ] || rm -rf "$CARGO_TARGET_DIR"/release/.fingerprint/scenewright-* \
        "$CARGO_TARGET_DIR"/fast/release/.fingerprint/scenewright-*
    printf '%s\n' "$REPO" >"$mark"
}

# ---- Installing packages ----------------------------------------------------------------------------------------------

# Runs a command as root, or fails. Without a terminal nobody can type a password.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif has sudo && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        sudo "$@"
    else
        return 1
    fi
}

# What is missing: in words, and as packages. Collected first, so that it is asked for all at once.
MISSING=()
PACKAGES=()
missing() {
    MISSING+=("$1")
    shift
    PACKAGES+=("$@")
}

# Installs what was found missing, or says what to install.
install_missing() {
    [ ${#MISSING[@]} -gt 0 ] || return 0
    local what
    what=$(printf ', %s' "${MISSING[@]}")
    what=${what#, }
    has apt-get || die "these are missing, and there is no apt here to install them with: $what." "Install them, then run this again."
    as_root true || die "these are missing, and only root can install them: $what." \
        "As root: apt-get update && apt-get install ${PACKAGES[*]}" "Then run this again."
    say "installing $what"
    apt_update
    local options=()
    if [[ " ${PACKAGES[*]} " == *" mesa-vulkan-drivers "* ]]; then mapfile -t options < <(driver_options); fi
    apt_get install -y --no-install-recommends "${options[@]}" "${PACKAGES[@]}" ||
        die "apt-get could not install: ${PACKAGES[*]}." "Its own message is above."
    MISSING=() PACKAGES=()
}

apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" </dev/null; }

# Package lists may be older than what the archive holds, or absent: once a run, and only if something is installed.
APT_UPDATED=
apt_update() {
    [ -z "$APT_UPDATED" ] || return 0
    apt_get update || note "apt-get update had errors; going on with the package lists that are here"
    APT_UPDATED=yes
}

# ---- What is needed ---------------------------------------------------------------------------------------------------

# Clocks that jump, for one of the faults. What cannot be installed is skipped there.
need_faketime() {
    find /usr/lib* -name libfaketimeMT.so.1 2>/dev/null | grep -q . && return 0
    if has apt-get && as_root true 2>/dev/null; then missing "libfaketime" libfaketime; fi
}

need_compiler() { has cc || missing "a C compiler and linker (cc)" gcc libc6-dev; }

need_vulkan() {
    has_vulkan_loader || missing "the Vulkan loader (libvulkan.so.1)" libvulkan1
    has_vulkan_driver "" || missing "a Vulkan driver (Mesa's, with lavapipe, which needs no GPU)" mesa-vulkan-drivers
}

# Any of these Pythons has wheels of all outside readers (tests/readers/requirements.txt).
need_python() {
    if find_python; then return 0; fi
    # Where the system's own Python is too old or too new, the archive may have another beside it.
    if has python3 && ! python3 -c "$PYTHON_FITS" && apt-cache show python3.11-venv >/dev/null 2>&1; then
        missing "Python 3.11 with venv" python3.11 python3.11-venv
    else
        missing "python3 with venv" python3 python3-venv
    fi
}

PYTHON_FITS='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11; do
        if has "$candidate" && "$candidate" -c "import venv, ensurepip; $PYTHON_FITS" 2>/dev/null; then
            export PYTHON=$candidate
            return 0
        fi
    done
    return 1
}

# The environment of the outside readers, made once for each list of them. The mark comes last: half an environment is made
# anew, and so is one whose Python has gone. Needs $PYTHON; sets $VENV.
readers() {
    local sum
    sum=$(sha256sum "$REPO/tests/readers/requirements.txt" | cut -c 1-12)
    export VENV="$CACHE/readers-$sum"
    if [ -e "$VENV/complete" ] && "$VENV/bin/python" -c '' 2>/dev/null; then return 0; fi
    say "installing the outside readers into $VENV"
    rm -rf "$VENV"
    "$PYTHON" -m venv "$VENV"
    "$VENV/bin/pip" install --quiet --disable-pip-version-check -r "$REPO/tests/readers/requirements.txt"
    touch "$VENV/complete"
}

# version_at_least HAVE WANT
version_at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

RUST_WANTED=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$REPO/Cargo.toml")
rust_version() { (cd "$REPO" && rustc --version 2>/dev/null) | awk '{ print $2 }'; }

need_rust() {
    local want=$RUST_WANTED have
    # rustup's own installer puts cargo here, and tells only shells that start later.
    if ! has cargo && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
        PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    fi
    have=$(rust_version || true)
    claim_target
    if has cargo && [ -n "$have" ] && version_at_least "$have" "$want"; then return 0; fi

    if ! has rustup && has apt-get && as_root true; then
        apt_update
        if apt-cache show rustup >/dev/null 2>&1; then
            missing "rustup" rustup ca-certificates
        elif ! has curl; then
            missing "curl, which downloads Rust" curl ca-certificates
        fi
        install_missing
    fi
    # A toolchain of our own in the cache folder: what the user has set up with rustup stays as it is.
    export RUSTUP_HOME="$CACHE/rustup"
    has rustup || own_rustup || die "Rust $want or newer is needed (here: ${have:-none}), and it could not be installed." \
        "Install it with the one command that https://rustup.rs shows (it needs no root), then run this again."
    use_own_toolchain || true
    have=$(rust_version || true)
    if [ -n "$have" ] && version_at_least "$have" "$want"; then return 0; fi
    say "installing Rust $want into $CACHE"
    rustup toolchain install "$want" --profile minimal --component rustfmt --component clippy --no-self-update ||
        die "rustup could not install Rust $want." "Install it as https://rustup.rs says, then run this again."
    use_own_toolchain || die "rustup installed Rust but cannot say where."
    have=$(rust_version || true)
    version_at_least "${have:-0}" "$want" || die "rustup brought Rust ${have:-(none)}; $want or newer is needed."
}

# rustup itself, by the command that its page shows, into the cache folder and nowhere else.
own_rustup() {
    export CARGO_HOME="$CACHE/cargo"
    PATH="$CARGO_HOME/bin:$PATH"
    if has rustup; then return 0; fi
    has curl || return 1
    say "installing rustup into $CACHE"
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
        sh -s -- -y --quiet --no-modify-path --profile minimal --default-toolchain none && has rustup
}

# By its folder, since `cargo` and `rustc` in the path may be another package's.
use_own_toolchain() {
    local rustc
    rustc=$(rustup which --toolchain "$RUST_WANTED" rustc 2>/dev/null) || return 1
    PATH="$(dirname "$rustc"):$PATH"
}

has_vulkan_loader() {
    { PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null || true; } | grep -q 'libvulkan\.so\.1' ||
        compgen -G '/usr/lib*/libvulkan.so.1' >/dev/null || compgen -G '/usr/lib/*/libvulkan.so.1' >/dev/null
}

# has_vulkan_driver ROOT: whether something under ROOT can draw: a software driver, or an NVIDIA driver with its card.
# Mesa's drivers for AMD and Intel come in one package with its software driver.
has_vulkan_driver() {
    local root=$1 file
    [ -z "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}" ] || return 0 # someone chose
    for file in "$root"/etc/vulkan/icd.d/*.json "$root"/usr/share/vulkan/icd.d/*.json "$root"/usr/local/share/vulkan/icd.d/*.json; do
        case $file in
        *'*.json') ;; # an empty folder
        */nvidia*) [ ! -e "$root/dev/nvidiactl" ] || return 0 ;;
        */lvp_icd*) return 0 ;;
        *) ! compgen -G "$root/dev/dri/renderD*" >/dev/null || return 0 ;;
        esac
    done
    return 1
}

# ---- The software Vulkan driver ---------------------------------------------------------------------------------------

# Debian 12's own Mesa (22.3) draws three to four times slower than the one in its backports.
BACKPORTS_FOR=bookworm

# Options for apt-get, one a line, that bring the better driver. Notes go to stderr.
driver_options() {
    local codename
    codename=$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}")
    [ "$codename" = "$BACKPORTS_FOR" ] || return 0
    if add_backports "$codename" >&2; then
        printf '%s\n' -t "$codename-backports"
    else
        note "$codename-backports cannot be reached: taking the older driver, which draws three to four times slower" >&2
    fi
}

# Makes the backports of CODENAME known to apt; fails, and leaves no trace, where the archive does not have them.
add_backports() {
    local codename=$1 list=/etc/apt/sources.list.d/scenewright-backports
    if offers_backport "$codename"; then return 0; fi
    if knows_suite "" "$codename-backports"; then return 1; fi # configured, and still not there
    write_source "$list.list" "$(backports_lines "" "$codename")"
    write_source "$list.sources" "$(backports_stanzas "" "$codename")"
    apt_get update || true
    if offers_backport "$codename"; then return 0; fi
    as_root rm -f "$list.list" "$list.sources"
    apt_get update || true
    return 1
}

offers_backport() { apt-cache madison mesa-vulkan-drivers 2>/dev/null | grep -q " $1-backports/"; }

write_source() { [ -z "$2" ] || printf '%s\n' "$2" | as_root tee "$1" >/dev/null; }

# The machine's own sources under ROOT, one-line and deb822.
one_line_files() { find "$1/etc/apt/sources.list" "$1/etc/apt/sources.list.d" -maxdepth 1 -type f -name '*.list' 2>/dev/null | sort; }
deb822_files() { find "$1/etc/apt/sources.list.d" -maxdepth 1 -type f -name '*.sources' 2>/dev/null | sort; }

# knows_suite ROOT SUITE
knows_suite() { [ -n "$(entries "$1" "$2" "$2")" ]; }
entries() {
    one_line_entries "$@"
    deb822_entries "$@"
}

backports_lines() { one_line_entries "$1" "$2" "$2-backports"; }
backports_stanzas() { deb822_entries "$1" "$2" "$2-backports"; }

# one_line_entries ROOT SUITE AS: the `deb` lines of SUITE that have `main`, with AS for the suite and only `main`; options
# such as [signed-by=...] are kept.
one_line_entries() {
    local files
    mapfile -t files < <(one_line_files "$1")
    [ ${#files[@]} -gt 0 ] || return 0
    awk -v suite="$2" -v as="$3" '
        $1 == "deb" {
            at = 2; options = ""
            if ($2 ~ /^\[/) {
                do { options = options $at " " } while ($(at++) !~ /\]$/ && at <= NF)
            }
            uri = $at
            if (uri ~ /^cdrom:/ || $(at + 1) != suite) next
            for (i = at + 2; i <= NF && $i !~ /^#/; i++)
                if ($i == "main") {
                    line = "deb " options uri " " as " main"
                    if (!seen[line]++) print line
                }
        }' "${files[@]}"
}

# deb822_entries ROOT SUITE AS: the stanzas of SUITE that have `main`, with AS for the suites and only `main`; all other
# fields are kept, a key inside of the file too.
deb822_entries() {
    local files
    mapfile -t files < <(deb822_files "$1")
    [ ${#files[@]} -gt 0 ] || return 0
    local file
    # An empty line after each file, or the last stanza of one would run into the first of the next.
    for file in "${files[@]}"; do
        cat "$file"
        echo
        echo
    done | awk -v suite="$2" -v as="$3" '
        function has(list, word,   n, parts, i) {
            n = split(list, parts, /[ \t]+/)
            for (i = 1; i <= n; i++) if (parts[i] == word) return 1
            return 0
        }
        function flush() {
            if (has(types, "deb") && has(suites, suite) && has(components, "main") && enabled != "no")
                print "Types: deb\n" kept "Suites: " as "\nComponents: main\n"
            kept = types = suites = components = enabled = field = ""
        }
        /^[ \t]*$/ { flush(); next }
        /^#/ { next }
        /^[ \t]/ { # the field above goes on
            if (field == "suites") suites = suites " " $0
            else if (field == "components") components = components " " $0
            else if (field == "types") types = types " " $0
            else kept = kept $0 "\n"
            next
        }
        {
            colon = index($0, ":")
            field = tolower(substr($0, 1, colon - 1))
            value = substr($0, colon + 1)
            if (field == "types") types = value
            else if (field == "suites") suites = value
            else if (field == "components") components = value
            else {
                if (field == "enabled") { enabled = value; gsub(/[ \t]/, "", enabled) }
                kept = kept $0 "\n"
            }
        }
        END { flush() }'
}
