# deb-inside.sh -- what deb.sh does in a Debian that has nothing but the packages; in /tmp/try lies a
# made-up district.
say() { echo "  $*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }

apt-get update -qq
apt-get install -y -qq /tmp/gong_*.deb /tmp/gong-doc_*.deb >/tmp/log 2>&1 || { cat /tmp/log; fail "apt install"; }
id gong | grep -q dialout || fail "the user gong, in dialout"
[ "$(stat -c '%a %U %G' /etc/gong/gong.conf)" = "640 root gong" ] || fail "/etc/gong/gong.conf is for root and gong"
[ "$(stat -c '%a %G' /etc/gong)" = "750 gong" ] || fail "/etc/gong is for root and gong"
[ -e /lib/systemd/system/gongd.service ] && [ -e /usr/lib/udev/rules.d/60-gong-modem.rules ] || fail "unit and rule"
[ ! -e /etc/systemd/system/multi-user.target.wants/gongd.service ] || fail "it must be set up before it starts by itself"
systemd-analyze verify --man=no /lib/systemd/system/gongd.service || fail "systemd-analyze verify"
[ -e /usr/share/doc/gong/docs/templates.md ] || fail "docs"
man -L zh_CN gongctl >/tmp/log 2>&1 && grep -q 值班台 /tmp/log || { cat /tmp/log; fail "man -L zh_CN gongctl"; }
say "installed"

cd /tmp/try
cat >people <<'END'
+99910000002* sms 0 -
+999* sms 1000 收到 x1
END
cat >gong.conf <<'END'
state_dir = "state"
driver_dir = "/usr/libexec/gong"
roles = "/etc/gong/roles.conf"
templates = {"/usr/share/gong/templates"}
policies = {"/usr/share/gong/policies"}
site { signature_zh = "【青石县应急】" signature_en = "QSX EOC: " country = "999" policy_divisor = 20 }
listen { port = 8035 socket = "gong.sock" }
route "simulated" {
	driver = "gong-sim"
	channels = {sms, voice}
	config = '{"simulation":true,"channels":"sms,voice","receipts":true,"people":"/tmp/try/people"}'
}
END
chown -R gong: /tmp/try
# as_gong COMMAND…: as the service runs it
as_gong() { setpriv --reuid gong --regid gong --init-groups "$@"; }
begin() {
	setpriv --reuid gong --regid gong --init-groups gongd --config gong.conf 2>>log &
	gongd=$!
	for _ in $(seq 100); do
		as_gong gongctl --socket gong.sock route list >/dev/null 2>&1 && return
		sleep 0.1
	done
	cat log; fail "gongd is not ready within 10 s"
}
end() {
	kill "$gongd" || { cat log; fail "gongd has ended by itself"; }
	wait "$gongd" || true
}
ctl() { as_gong gongctl --socket gong.sock "$@"; }

as_gong gongd --config gong.conf --check
begin
ctl import divisions divisions.csv --yes
ctl import contacts contacts.csv --yes
ctl send warn.rain --division 990121001 --severity orange --policy call.orange --param mm=80 --param hours=3
for _ in $(seq 100); do
	answers=$(ctl --json alert answers 1)
	case "$answers" in *收到*) break ;; esac
	sleep 0.2
done
case "$answers" in *收到*) say "the first alert is answered" ;; *) cat log; fail "nobody answered: $answers" ;; esac

mkdir -p /run/gong && ln -sf /tmp/try/gong.sock /run/gong/gong.sock
dpkg -r gong >/tmp/log 2>&1 && fail "a removal while an orange alert is open"
grep -q "GONG_FORCE=1" /tmp/log || { cat /tmp/log; fail "the refusal names the way"; }
ctl alert cancel 1 >/dev/null
end
say "not removed while an alert was open"

# next VERSION: the same package as it would be of that version, at /tmp/gong_VERSION.deb.
next() {
	rm -rf /tmp/next && dpkg-deb -R /tmp/gong_*_*.deb /tmp/next
	sed -i "s/^Version: .*/Version: $1/" /tmp/next/DEBIAN/control
	sed -i "s/$(echo "$mine" | sed "s/[.]/[.]/g")/$1/g" /tmp/next/usr/sbin/gongd /tmp/next/usr/libexec/gong/gong-sim
}
# driver_of: the program of the running gongd's driver.
driver_of() { readlink "/proc/$(pgrep -P "$gongd" | head -n 1)/exe"; }
mine=$(gongd --version | cut -d' ' -f2)

# An upgrade under a running gongd: a driver that dies then is started again as it was.
begin
[ "$(driver_of)" = "/usr/libexec/gong/$mine/gong-sim" ] || fail "the driver is of its version's folder: $(driver_of)"
next 9.9.9
dpkg-deb -b /tmp/next /tmp/gong_9.9.9.deb >/dev/null
dpkg --force-confold -i /tmp/gong_9.9.9.deb >/tmp/log 2>&1 || { cat /tmp/log; fail "upgrade"; }
cmp -s /usr/libexec/gong/gong-sim "/usr/libexec/gong/$mine/gong-sim" && fail "the older version's programs stay as they were"
kill "$(pgrep -P "$gongd" | head -n 1)"
for _ in $(seq 100); do
	[ "$(driver_of 2>/dev/null)" = "/usr/libexec/gong/$mine/gong-sim" ] && break
	sleep 0.1
done
[ "$(driver_of)" = "/usr/libexec/gong/$mine/gong-sim" ] || fail "the older gongd starts its own driver: $(driver_of)"
end
begin
[ "$(driver_of)" = "/usr/libexec/gong/9.9.9/gong-sim" ] || fail "the newer gongd starts its own: $(driver_of)"
end
say "drivers lie in a folder of their version"

# A store that the newer version would not start on: nothing is restarted, and the remedy is said.
sed "s|state_dir = .*|state_dir = \"/tmp/try/state\"|" gong.conf >/etc/gong/gong.conf
cp state/gong.db /tmp/whole && chmod 644 /tmp/whole
sqlite3 state/gong.db "PRAGMA user_version = $(($(sqlite3 state/gong.db 'PRAGMA user_version') - 1))"
size=$(stat -c %s state/gong.db)
dd if=/dev/urandom of=state/gong.db bs=4096 seek=$((size / 8192)) count=20 conv=notrunc status=none
rm -f state/gong.db-wal state/gong.db-shm
next 9.9.8
dpkg-deb -b /tmp/next /tmp/gong_9.9.8.deb >/dev/null
dpkg --force-confold -i /tmp/gong_9.9.8.deb >/tmp/log 2>&1 && { cat /tmp/log; fail "configured on a damaged store of an earlier schema"; }
grep -q "gongd --restore" /tmp/log || { cat /tmp/log; fail "the remedy is said"; }
setpriv --reuid gong --regid gong --init-groups gongd --restore /tmp/whole --yes >/tmp/log 2>&1 || { cat /tmp/log; fail "restore"; }
dpkg --configure gong >/tmp/log 2>&1 || { cat /tmp/log; fail "after the restore it is configured"; }
[ ! -e "/usr/libexec/gong/$mine" ] && [ -e /usr/libexec/gong/9.9.9 ] && [ -e /usr/libexec/gong/9.9.8 ] || \
	{ ls /usr/libexec/gong; fail "the version before is kept, older ones go"; }
say "a store that it cannot start on was found before the restart"

# An upgrade: what the office wrote stays, and so do its books.
echo '# ours' >>/etc/gong/gong.conf
next 9.9.7		# as long as the one it replaces in the programs
echo '# theirs' >>/tmp/next/etc/gong/gong.conf
sed -i "s|^[0-9a-f]*  *etc/gong/gong.conf|$(md5sum /tmp/next/etc/gong/gong.conf | cut -d' ' -f1)  etc/gong/gong.conf|" \
	/tmp/next/DEBIAN/md5sums
dpkg-deb -b /tmp/next /tmp/gong_99.deb >/dev/null
dpkg --force-confold -i /tmp/gong_99.deb >/tmp/log 2>&1 || { cat /tmp/log; fail "upgrade"; }
grep -q '^# ours' /etc/gong/gong.conf || fail "the office's gong.conf is its own"
begin
ctl alert show 1 >/dev/null || fail "the alert is still there"
end
say "upgraded"

mkdir -p /var/lib/gong && touch /var/lib/gong/gong.db
dpkg -r gong >/tmp/log 2>&1 || { cat /tmp/log; fail "removal"; }
[ -e /etc/gong/gong.conf ] && [ -e /var/lib/gong/gong.db ] || fail "a removal keeps settings and books"
dpkg -P gong gong-doc >/tmp/log 2>&1 || { cat /tmp/log; fail "purge"; }
[ ! -e /var/lib/gong ] && [ ! -e /etc/gong/gong.conf ] && [ ! -e /usr/libexec/gong ] || fail "a purge leaves nothing"
say "removed and purged"
