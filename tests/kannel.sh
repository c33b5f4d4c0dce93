#!/bin/sh
# kannel.sh FOLDER -- unpacks Debian's Kannel there for tests and bench, and installs the libraries it
# needs: installed as a package, it would start with the machine.
set -eu
mkdir -p "$1"
missing=$(apt-get install -s --no-install-recommends kannel kannel-extras |
	awk '$1 == "Inst" && $2 !~ /^kannel/ { print $2 }')
[ -z "$missing" ] ||
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
cd "$1"
apt-get download -q kannel kannel-extras
for package in kannel_*.deb kannel-extras_*.deb; do
	dpkg -x "$package" .
	rm "$package"
done
