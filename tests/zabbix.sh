#!/bin/sh
# zabbix.sh FOLDER -- unpacks Debian's zabbix_js there for the tests, and installs the libraries it needs:
# its package would bring a Zabbix proxy with it, which starts with the machine.
set -eu
mkdir -p "$1"
missing=$(apt-get install -s --no-install-recommends zabbix-proxy-sqlite3 |
	awk '$1 == "Inst" && $2 ~ /^lib/ { print $2 }')
[ -z "$missing" ] ||
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
cd "$1"
apt-get download -q zabbix-proxy-sqlite3
dpkg -x zabbix-proxy-sqlite3_*.deb .
rm zabbix-proxy-sqlite3_*.deb
