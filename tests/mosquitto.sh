#!/bin/sh
# mosquitto.sh FOLDER -- unpacks Debian's mosquitto and its clients there for tests and bench, and installs
# the libraries they need: installed as a package, it would start with the machine.
set -eu
mkdir -p "$1"
missing=$(apt-get install -s --no-install-recommends mosquitto mosquitto-clients |
	awk '$1 == "Inst" && $2 !~ /^mosquitto/ { print $2 }')
[ -z "$missing" ] ||
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
cd "$1"
apt-get download -q mosquitto mosquitto-clients
for package in mosquitto_*.deb mosquitto-clients_*.deb; do
	dpkg -x "$package" .
	rm "$package"
done
