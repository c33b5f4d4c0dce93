#!/usr/bin/env bash
# deb.sh [SUITE…] -- builds the packages in a fresh chroot of each Debian release (bookworm, trixie),
# installs them in another that has nothing else, plays the README's first alert there, upgrades,
# removes and purges; then boots it, so that a real systemd runs the unit.  Needs root, mmdebstrap and a Debian mirror.  Takes some minutes a release.
set -eu
cd "$(dirname "$0")/.."
command -v mmdebstrap >/dev/null && command -v lintian >/dev/null || {
	echo "deb.sh: install mmdebstrap and lintian" >&2
	exit 1
}
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
mirror=${mirror:-http://deb.debian.org/debian}
work=$(mktemp -d /tmp/gong-deb.XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT

# inside ROOT COMMAND: with /proc, in a mount namespace that ends with it, so that nothing of ours stays
# mounted under a folder that is going to be removed.
inside() {
	unshare --mount --pid --fork --kill-child sh -euc 'mount -t proc proc "$1/proc"
		exec chroot "$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive sh -euc "$2"' - "$1" "$2"
}

# booted ROOT: its own systemd as process 1, in namespaces and a cgroup that end with it, until
# gong-boot.service has.  Without such a cgroup there is only what deb-inside.sh has had: systemd-analyze verify.
booted() {
	local cgroup rc=0
	cgroup=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)/gong-boot.$$
	if ! mkdir "$cgroup" 2>/dev/null; then
		echo "not booted: there is no cgroup2 to be had; systemd-analyze verify has read the unit"
		return
	fi
	timeout 300 sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' - "$cgroup" \
		unshare --mount --pid --fork --kill-child --cgroup --uts --ipc sh -euc 'mount --bind "$1" "$1"
		mount -t proc proc "$1/proc"
		mount -t sysfs -o ro sysfs "$1/sys"
		mount -t cgroup2 cgroup2 "$1/sys/fs/cgroup"
		mount -t tmpfs -o mode=755 tmpfs "$1/run"
		exec chroot "$1" /usr/bin/env -i container=gong PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			LC_ALL=C.UTF-8 /lib/systemd/systemd --unit=gong-boot.service --log-target=null' - "$1" || rc=$?
	cat "$1/srv/log"
	find "$cgroup" -depth -type d -exec rmdir {} +
	return $rc
}

release() {	# release SUITE
	local suite=$1 build=$work/$1-build clean=$work/$1
	local needs
	needs=$(sed -n '/^Build-Depends/,/^Standards/p' debian/control | sed 's/^Build-Depends://; /^Standards/d; s/([^)]*)//g' | tr -d ' \n')
	mmdebstrap --quiet --variant=apt --include="build-essential,fakeroot,debhelper,${needs/debhelper-compat,/}" \
		"$suite" "$build" "$mirror"
	mkdir -p "$build/src/gong"
	git ls-files -z | tar --null -T - -cf - | tar -xf - -C "$build/src/gong"
	inside "$build" 'cd /src/gong && dpkg-buildpackage -us -uc -b -j2 >/src/log 2>&1 || { tail -n 30 /src/log; exit 1; }'
	lintian --fail-on error --suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog \
		--allow-root "$build"/src/*.changes
	echo "$suite: packages built, lintian content"

	mmdebstrap --quiet --variant=apt --include=systemd,udev,sqlite3 "$suite" "$clean" "$mirror"
	cp "$build"/src/gong_*.deb "$build"/src/gong-doc_*.deb "$clean/tmp/"
	mkdir "$clean/tmp/try"
	/usr/bin/python3 tests/district.py 2 3 "$clean/tmp/try"
	cp tests/deb-inside.sh "$clean/tmp/"
	inside "$clean" 'sh -eu /tmp/deb-inside.sh'
	echo "$suite: installed, first alert answered, upgraded, removed, purged"
	cp -r "$clean/tmp/try/divisions.csv" "$clean/tmp/try/contacts.csv" tests/deb-boot.sh "$clean/srv/"
	cp tests/gong-boot.service "$clean/etc/systemd/system/"
	inside "$clean" 'apt-get install -y -qq /tmp/gong_*_*.deb /tmp/gong-doc_*.deb >/dev/null 2>&1'
	booted "$clean"
	echo "$suite: booted"
	rm -rf --one-file-system "$build" "$clean"
}

for suite in "${@:-bookworm trixie}"; do
	for one in $suite; do
		release "$one"
	done
done
