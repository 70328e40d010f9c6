#!/bin/sh
# Try a fresh clone in a bare Debian, where no library of this machine hides a missing step.
#
#   tests/bare/debian.sh DIRECTORY [user|root|closed|test ...]
#
# user: an ordinary account without sudo; root: a clone that all may enter; closed: root's own directory, mode 0700;
# test: `make test`. Without names: all of them. Needs root and debootstrap, and takes a while: packages come from
# the network. Mirror, certificates and pip's configuration are this machine's own. DIRECTORY keeps the bare system
# for the next time; every scenario gets a fresh copy of it, with processes and mounts of its own.
set -eu

directory=$1
shift
scenarios=${*:-user root closed test}
suite=${SUITE:-bookworm}
checkout=$(cd "$(dirname "$0")/../.." && pwd)
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    sed -nE 's/^(URIs: *|deb +(\[[^]]*\] +)?)(https?:[^ ]*debian\/?)( .*)?$/\3/p' | head -n 1)
base=$directory/$suite

if [ ! -e "$base.done" ]; then
    mkdir -p "$directory"
    debootstrap --variant=minbase "$suite" "$base" "$mirror"
    cp /etc/resolv.conf "$base/etc/resolv.conf"
    echo "127.0.0.1 localhost" >"$base/etc/hosts" # the installer of every real system writes it
    cp -r /etc/apt/apt.conf.d/. "$base/etc/apt/apt.conf.d/"
    mkdir -p "$base/etc/ssl"
    cp /etc/ssl/certs/ca-certificates.crt "$base/etc/ssl/this-machine.crt"
    [ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$base/etc/pip.conf"
    chroot "$base" apt-get update -q
    chroot "$base" apt-get install -qy --no-install-recommends make python3 python3-venv
    chroot "$base" useradd --create-home --shell /bin/sh somebody
    # As on a machine that has just been set up: no package lists.
    chroot "$base" sh -c 'apt-get clean; rm -rf /var/lib/apt/lists/*'
    touch "$base.done"
fi

failed=
for scenario in $scenarios; do
    copy=$directory/$scenario
    rm -rf --one-file-system "$copy"
    cp -a "$base" "$copy"
    case $scenario in
    user) place=/home/somebody/readiness ;;
    closed) place=/root/readiness && chmod 700 "$copy/root" ;;
    *) place=/srv/readiness ;;
    esac
    mkdir -p "$copy$place"
    git -C "$checkout" archive HEAD | tar -x -C "$copy$place"
    [ "$scenario" != user ] || chroot "$copy" chown -R somebody: "$place"
    echo "== $scenario in $place"
    # Namespaces of its own: what a scenario leaves behind ends with it, mounts and processes alike.
    if unshare --mount --pid --fork --kill-child sh -c '
        mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" &&
        exec env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb PORT="$4" $5 \
            chroot "$1" python3 "$2/tests/bare/drive.py" "$3" "$2"
        ' sh "$copy" "$place" "$scenario" "${PORT:-18017}" "$(env | grep '^PIP_' | grep -v '^PIP_CERT=' | tr '\n' ' ') PIP_CERT=/etc/ssl/this-machine.crt"; then
        echo "== $scenario: passed"
        rm -rf --one-file-system "$copy"
    else
        echo "== $scenario: FAILED (the system is left in $copy)"
        failed="$failed $scenario"
    fi
done
[ -z "$failed" ] || { echo "Failed:$failed"; exit 1; }
