#!/bin/sh
# dovecot.sh FOLDER -- unpacks Debian's IMAP server there for the tests, and installs the libraries it
# needs: installed as a package, it would start with the machine.
set -eu
mkdir -p "$1"
missing=$(apt-get install -s --no-install-recommends dovecot-imapd |
	awk '$1 == "Inst" && $2 ~ /^lib/ { print $2 }')
[ -z "$missing" ] ||
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
cd "$1"
apt-get download -q dovecot-core dovecot-imapd
for package in dovecot-*.deb; do
	dpkg -x "$package" .
	rm "$package"
done
