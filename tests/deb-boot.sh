# deb-boot.sh -- what deb.sh does in a Debian whose process 1 is its own systemd: the unit as an office
# runs it, with its sandbox, its watchdog and its restarts; in /srv lies a made-up district.
say() { echo "  $*"; }
fail() { echo "FAILED: $*"; journalctl -u gongd -n 30 --no-pager; exit 1; }
await() {	# await WHAT COMMAND…: within 20 s
	what=$1; shift
	for _ in $(seq 100); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done
	fail "$what"
}
is_up() { gongctl --json route list | grep -q '"state":"up"'; }
answered() { gongctl --json alert answers 1 | grep -q 收到; }
pid() { systemctl show -P MainPID gongd; }
is_another() { new=$(pid) && [ "$new" != 0 ] && [ "$new" != "$1" ]; }

cat >/etc/gong/people <<'END'
+999* sms 500 收到 x1
END
cat >/etc/gong/gong.conf <<'END'
roles = "/etc/gong/roles.conf"
templates = {"/usr/share/gong/templates"}
policies = {"/usr/share/gong/policies"}
site { signature_zh = "【青石县应急】" country = "999" policy_divisor = 20 }
route "simulated" {
	driver = "gong-sim"
	channels = {sms, voice}
	config = '{"simulation":true,"channels":"sms,voice","receipts":true,"people":"/etc/gong/people"}'
}
END
chgrp gong /etc/gong/people /etc/gong/gong.conf
systemctl start gongd || fail "systemctl start"
await "a route that is up" is_up
gongctl route list
gongctl import divisions /srv/divisions.csv --yes && gongctl import contacts /srv/contacts.csv --yes || fail "import"
gongctl send warn.rain --division 990121001 --severity orange --policy call.orange --param mm=80 hours=3 || fail "send"
await "an answer" answered
[ "$(stat -c %U "/proc/$(pid)")" = gong ] || fail "the user gong runs it"
say "systemd runs it, and the first alert is answered"

before=$(pid)
kill -9 "$before"
await "a new gongd" is_another "$before"
await "a route that is up again" is_up
answered || fail "the answer is still there"
systemctl reload gongd || fail "systemctl reload"
kill -STOP "$(pid)"
hung=$(pid)
for _ in $(seq 60); do is_another "$hung" && break; sleep 1; done
is_another "$hung" || fail "the watchdog ends a gongd that hangs"
await "a route that is up after the watchdog" is_up
say "started again after kill -9, and by the watchdog"

began=$(date +%s)
systemctl stop gongd || fail "systemctl stop"
[ $(($(date +%s) - began)) -le 6 ] || fail "it stops within 5 s"
[ "$(systemctl show -P Result gongd)" = success ] || fail "an orderly stop"
say "stopped in order"
