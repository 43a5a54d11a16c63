#!/bin/sh
# What the tests use besides Python: names what is missing, installs it where it may, and says plainly what it could not get.
set -u

missing=""
want() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }

install_packages() {
    echo "tests: these Debian packages are missing:$missing"
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "tests: no apt-get here; the tests that need them will be skipped"
        return
    fi
    as_root=""
    if [ "$(id -u)" != 0 ]; then
        as_root="sudo -n"
        if ! sudo -n true 2>/dev/null; then
            echo "tests: not root; install them yourself, or the tests that need them will be skipped"
            return
        fi
    fi
    echo "tests: installing:$missing"
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get update -qq || echo "tests: apt-get update failed"
    for package in $missing; do
        $as_root apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 \
            || echo "tests: could not install $package: the tests that need it will be skipped"
    done
}

want tshark tshark
want dumpcap wireshark-common
want chromium chromium
/sbin/ldconfig -p 2>/dev/null | grep -q libatomic.so.1 || missing="$missing libatomic1" # Playwright's driver needs it
want mvn maven
want strace strace
want tcpreplay tcpreplay
want unzip unzip
want ip iproute2
want swaks swaks
perl -MNet::SSLeay -e 1 2>/dev/null || missing="$missing libnet-ssleay-perl" # swaks speaks TLS by it
want curl curl
PATH="$PATH:/usr/sbin" want dovecot dovecot-imapd
[ -x /usr/lib/dovecot/pop3-login ] || missing="$missing dovecot-pop3d"
[ -z "$missing" ] || install_packages

# Senders that are tried for real, each in a folder of its own under .cache; the system is not touched.
if [ ! -x .cache/tlsrpt-reporter/bin/tlsrpt-reportd ]; then
    echo "tests: fetching tlsrpt-reporter (Python package)"
    python3 -m venv .cache/tlsrpt-reporter && .cache/tlsrpt-reporter/bin/pip install -q tlsrpt-reporter \
        || echo "tests: could not install tlsrpt-reporter: the tests that need it will be skipped"
fi
if [ ! -x .cache/postfix/usr/lib/postfix/sbin/master ] && command -v apt-get >/dev/null 2>&1; then
    echo "tests: fetching postfix (Debian package, unpacked, not installed)"
    mkdir -p .cache/postfix
    (cd .cache/postfix && apt-get download -qq postfix && dpkg-deb -x postfix_*.deb .) >/dev/null 2>&1 \
        || echo "tests: could not fetch Debian's postfix: the tests that need it will be skipped"
    missing=""
    for package in $(dpkg-deb -f .cache/postfix/postfix_*.deb Depends 2>/dev/null | grep -oE '\blib[a-z0-9.+-]+'); do
        dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
    done
    rm -f .cache/postfix/postfix_*.deb
    [ -z "$missing" ] || install_packages
fi
exit 0
