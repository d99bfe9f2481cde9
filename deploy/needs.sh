# What `make` needs on this machine; sourced by the Makefile. Plain sh. Everything here either mends what
# is missing (as root, where apt-get exists) or says in one line how to mend it, and fails.

fail() {
    echo "windsock: $*" >&2
    return 1
}

# apt_install PACKAGE...: install them. Fails if that is not ours to do.
apt_install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    echo "Installing $* ..."
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@"; } >&2
}

# make_venv [PYTHON]: .venv from PYTHON, or from the first Python on the PATH that is new enough.
make_venv() {
    candidates=${1:-python3 python3.14 python3.13 python3.12 python3.11}
    python=
    for candidate in $candidates; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            python=$candidate
            break
        fi
    done
    if [ -z "$python" ]; then
        found=$("${candidates%% *}" --version 2>&1) || found="no ${candidates%% *}"
        fail "Python 3.11 or newer is needed, and this is $found; name one: make up PYTHON=/path/to/python3.11"
        return
    fi
    # Debian keeps a part of the standard library in a package of its own.
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        if ! apt_install "$package"; then
            fail "$python has no venv module; install it (apt-get install $package) and try again"
            return
        fi
    fi
    echo "Creating .venv with $("$python" --version) ..."
    if ! "$python" -m venv .venv; then
        rm -rf .venv
        fail "$python -m venv .venv failed; what it says above tells why"
    fi
}

redis_major() {
    redis-server --version 2>/dev/null | sed -n 's/.* v=\([0-9]*\)\..*/\1/p'
}

# need_redis MAJOR: a redis-server of at least that version on the PATH.
need_redis() {
    major=$(redis_major)
    if [ "${major:-0}" -lt "$1" ]; then
        apt_install redis-server || true
        major=$(redis_major)
    fi
    if [ "${major:-0}" -lt "$1" ]; then
        fail "the tests need redis-server $1 or newer on the PATH (found: ${major:-none}); apt-get install redis-server," \
            "or see https://redis.io/docs/latest/operate/oss_and_stack/install/"
    fi
}

have_mosquitto() {
    # Debian puts the broker where only root looks.
    PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v mosquitto >/dev/null && command -v mosquitto_pub >/dev/null
}

# need_mosquitto: an MQTT broker and its clients.
need_mosquitto() {
    have_mosquitto || apt_install mosquitto mosquitto-clients || true
    have_mosquitto || fail "the tests of MQTT need mosquitto and mosquitto_pub, and one is missing;" \
        "apt-get install mosquitto mosquitto-clients, or see https://mosquitto.org/download/"
}

have_chromium() {
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null
}

# need_chromium: a Chromium on the PATH.
need_chromium() {
    have_chromium || apt_install chromium || true
    have_chromium || fail "the tests drive the page in Chromium, and none is on the PATH; apt-get install chromium" \
        "(Debian), or google-chrome-stable from https://www.google.com/chrome/ (Ubuntu has no such package of its own)"
}
