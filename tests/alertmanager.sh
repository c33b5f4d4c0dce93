#!/bin/sh
# alertmanager.sh FOLDER -- unpacks Debian's Prometheus Alertmanager there for the tests: installed as a
# package, it would start with the machine.
set -eu
mkdir -p "$1"
cd "$1"
apt-get download -q prometheus-alertmanager
dpkg -x prometheus-alertmanager_*.deb .
rm prometheus-alertmanager_*.deb
# It reads templates from where the package would have put it: the same path, of the same length, from
# the folder that it is run in.
sed -i 's|/usr/share/prometheus/alertmanager|usr/share//prometheus/alertmanager|g' \
	usr/bin/prometheus-alertmanager
