# gong -- a newcomer needs two of these: `make demo` plays a short night, `make check` tests.
#
#   make          the programs, in build/release      make asan    all tests under sanitizers
#   make demo     a short night on real parts         make lint    clang-tidy and formatting
#   make check    floors, unit, nights, system tests  make fuzz    20 s a fuzz target
#   make deps     the Debian packages to build it     make bench   speed and memory
#   make deb      Debian packages, in build/deb       make check-long  packages in fresh Debians, soak
#   make install  DESTDIR= PREFIX=/usr                make clean
MODE ?= release
B := build/$(MODE)
CC := gcc
PKGS := libevent libevent_pthreads libcurl sqlite3 jansson libconfuse libcrypto
# Programs that gongd starts may lie in a folder of this name in driver_dir.
VERSION ?= 0.1.0
CPPFLAGS += -D_GNU_SOURCE -I. -MMD -MP -DGONG_VERSION='"$(VERSION)"' $(shell pkg-config --cflags $(PKGS) gammu 2>/dev/null)
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-unused-parameter
CFLAGS += -std=gnu17 -g $(WARN) $(if $(CI),-Werror) $(CFLAGS.$(MODE))
CFLAGS.release := -O2
CFLAGS.asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LDFLAGS.asan := -fsanitize=address,undefined
LDFLAGS += $(LDFLAGS.$(MODE))
LIBS = $(shell pkg-config --libs $(1))
PREFIX ?= /usr

obj = $(patsubst %.c,$(B)/%.o,$(1))
# What all programs stand on: core, and the files that several of them read or share.
CORE := $(call obj,$(wildcard core/*.c) $(filter-out files/xlsx% files/geo%,$(wildcard files/*.c)))
# Workbooks are gongctl's: zip and XML never enter gongd.
SHEETS := $(call obj,$(wildcard files/xlsx*.c))
# So does GEOS stay out of it: it is gongctl's and gong-parse's.
GEO := $(call obj,$(wildcard files/geo*.c))
KIT := $(call obj,$(wildcard drivers/kit/*.c))
# What of gong-feed is pure, for its tests.
FEED_PURE := address charset conf list list_items list_xml mail mime seen xml
DAEMON := $(call obj,$(filter-out daemon/main.c,$(wildcard daemon/*.c daemon/*/*.c daemon/*/*/*.c)))
DRIVERS := $(patsubst drivers/%/,%,$(filter-out drivers/kit/,$(wildcard drivers/*/)))
PROGRAMS := $(B)/gongd $(B)/gongctl $(DRIVERS:%=$(B)/gong-%)
UNIT := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
FUZZ := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH := $(patsubst tests/bench/%.c,$(B)/bench/%,$(wildcard tests/bench/*.c))
# A simulator NAME is tests/sim/NAME.c and its parts tests/sim/NAME_*.c.
SIM_NAMES := $(foreach f,$(wildcard tests/sim/*.c),$(if $(findstring _,$(notdir $f)),,$(notdir $(f:.c=))))
SIMS := $(SIM_NAMES:%=$(B)/sim/%)

all: $(PROGRAMS)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(B)/daemon/store/store.o: daemon/store/schema.sql

$(B)/gongd: $(B)/daemon/main.o $(DAEMON) $(CORE)
	$(CC) $(LDFLAGS) -o $@ $^ $(call LIBS,libevent libevent_pthreads sqlite3 jansson libconfuse libcrypto zlib) -lcsv -lpthread -lm
$(B)/gongctl: $(call obj,$(wildcard ctl/*.c)) $(SHEETS) $(GEO) $(CORE)
	$(CC) $(LDFLAGS) -o $@ $^ $(call LIBS,jansson libcurl libconfuse libzip expat geos) -lm
define driver_rule
$(B)/gong-$(1): $(call obj,$(wildcard drivers/$(1)/*.c)) $(KIT) $(if $(filter parse,$(1)),$(GEO)) $(CORE)
	$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(call LIBS,libevent libevent_pthreads jansson libcrypto $(if $(filter modem,$(1)),gammu libconfuse) $(if $(filter http,$(1)),libcurl libnghttp2) $(if $(filter hook,$(1)),libcurl) $(if $(filter mqtt,$(1)),libevent_openssl libssl) $(if $(filter feed,$(1)),libcurl expat) $(if $(filter parse,$(1)),expat geos)) -lpthread -lm
endef
$(foreach d,$(DRIVERS),$(eval $(call driver_rule,$(d))))

TEST_LIBS = $(call LIBS,libevent libevent_pthreads sqlite3 jansson libconfuse libcrypto libcurl gammu cmocka zlib libzip expat geos) -lcsv -lpthread -lm
# An archive, so that each test takes from gongd just what it names.
$(B)/gong.a: $(DAEMON) $(KIT) $(SHEETS) $(GEO) $(CORE) $(FEED_PURE:%=$(B)/drivers/feed/%.o)
	@rm -f $@
	@ar rcs $@ $^
$(B)/unit/%: $(B)/tests/unit/%.o $(B)/gong.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(TEST_LIBS)
$(B)/night: $(call obj,$(wildcard tests/nights/*.c)) $(B)/gong.a
	$(CC) $(LDFLAGS) -o $@ $^ $(TEST_LIBS)
$(B)/bench/%: $(B)/tests/bench/%.o $(B)/gong.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(TEST_LIBS)
define sim_rule
$(B)/sim/$(1): $(call obj,$(wildcard tests/sim/$(1).c tests/sim/$(1)_*.c)) $(CORE)
	@mkdir -p $$(@D)
	$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(TEST_LIBS) $(if $(filter provider,$(1)),$$(call LIBS,libnghttp2 libssl))
endef
$(foreach s,$(SIM_NAMES),$(eval $(call sim_rule,$(s))))
# Fuzz targets: everything of gongd once more, with clang and its sanitizers.
FUZZ_CC := clang -std=gnu17 -D_GNU_SOURCE -I. $(shell pkg-config --cflags gammu 2>/dev/null) -DGONG_VERSION='"fuzz"' -g -O1 -fno-sanitize-recover=undefined
FUZZ_OBJ := $(patsubst %.c,build/fuzz/obj/%.o,$(wildcard core/*.c files/*.c daemon/*/*.c daemon/*/*/*.c drivers/kit/*.c))
FUZZ_OBJ += $(patsubst %,build/fuzz/obj/drivers/modem/%.o,pdu sms national joined)
FUZZ_OBJ += $(patsubst %,build/fuzz/obj/drivers/mqtt/%.o,packet topic)
FUZZ_OBJ += $(patsubst %,build/fuzz/obj/drivers/folder/%.o,smsfile)
FUZZ_OBJ += $(patsubst %,build/fuzz/obj/drivers/http/%.o,answer approved callback_rules digest lenient operation options profile proof_text request scheme sign verify)
FUZZ_OBJ += $(FEED_PURE:%=build/fuzz/obj/drivers/feed/%.o)
FUZZ_OBJ += $(patsubst %,build/fuzz/obj/drivers/parse/%.o,xml cap national sense shape message words)
build/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	@$(FUZZ_CC) -MMD -MP -fsanitize=fuzzer-no-link,address,undefined -c -o $@ $<
build/fuzz/gong.a: $(FUZZ_OBJ)
	@rm -f $@
	@ar rcs $@ $^
build/fuzz/%: tests/fuzz/%.c build/fuzz/gong.a
	@mkdir -p $(@D)
	$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $@ $^ $(TEST_LIBS)
-include $(shell find build/fuzz/obj -name '*.d' 2>/dev/null)

TESTS := $(PROGRAMS) $(UNIT) $(SIMS) $(B)/night

# What a fresh Debian 12 or 13 lacks: to build gong and play the demo, and to test it.
DEPS := gcc make pkg-config libevent-dev libcurl4-openssl-dev libsqlite3-dev libjansson-dev \
	libconfuse-dev libssl-dev libcsv-dev zlib1g-dev libgammu-dev tzdata python3 libnghttp2-dev libzip-dev libexpat1-dev libgeos-dev \
	libcmocka-dev curl openssl
TEST_DEPS := python3-pytest python3-yaml python3-openpyxl gammu clang clang-tidy clang-format libclang-rt-dev mandoc man-db
APT := DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends
# Kannel is unpacked, not installed: Debian's package makes itself a service of the machine.
KANNEL := build/kannel/usr/sbin/bearerbox
# Likewise.
ALERTMANAGER := build/alertmanager/usr/bin/prometheus-alertmanager
ZABBIX_JS := build/zabbix/usr/bin/zabbix_js
MOSQUITTO := build/mosquitto/usr/sbin/mosquitto
DOVECOT := build/dovecot/usr/sbin/dovecot
deps:
	apt-get update -qq
	$(APT) $(DEPS)
deps-test:
	apt-get update -qq
	$(APT) $(DEPS) $(TEST_DEPS)
$(KANNEL):
	tests/kannel.sh build/kannel
$(ALERTMANAGER):
	tests/alertmanager.sh build/alertmanager
$(ZABBIX_JS):
	tests/zabbix.sh build/zabbix
$(MOSQUITTO):
	tests/mosquitto.sh build/mosquitto
$(DOVECOT):
	tests/dovecot.sh build/dovecot
have:
	@dpkg -s $(DEPS) >/dev/null 2>&1 || { echo "installing what is missing"; $(MAKE) deps; }
have-test:
	@dpkg -s $(DEPS) $(TEST_DEPS) >/dev/null 2>&1 || { echo "installing what is missing"; $(MAKE) deps-test; }
	@[ -x $(KANNEL) ] || $(MAKE) $(KANNEL)
	@[ -x $(ALERTMANAGER) ] || $(MAKE) $(ALERTMANAGER)
	@[ -x $(ZABBIX_JS) ] || $(MAKE) $(ZABBIX_JS)
	@[ -x $(MOSQUITTO) ] || $(MAKE) $(MOSQUITTO)
	@[ -x $(DOVECOT) ] || $(MAKE) $(DOVECOT)
# The compiler would only say that a header is missing.
ifeq ($(filter deps deps-test have have-test demo check asan lint fuzz bench soak client clean,$(MAKECMDGOALS)),)
ifneq ($(shell pkg-config --exists $(PKGS) gammu && echo yes),yes)
$(error packages are missing; `make deps` installs them, as root)
endif
endif

# Recursive once: the flags of packages just installed are read anew.
demo: have
	@$(MAKE) --no-print-directory demo-now
demo-now: $(PROGRAMS) $(SIMS)
	@B=$(B) /usr/bin/python3 tests/demo.py
check: have-test
	@$(MAKE) --no-print-directory check-now
check-now: $(TESTS) floors
	@MODE=$(MODE) tests/run
asan: have-test
	@$(MAKE) --no-print-directory MODE=asan check-now

floors: $(PROGRAMS)
	@tests/lint/floors.sh
	@tests/lint/link.py $(B)
	@tests/lint/log.sh
	@tests/lint/phrases.sh
	@tests/lint/texts.py
# docs/texts.md and the list in docs/templates.md, made from templates/ and config/policies/.
texts:
	@tests/lint/texts.py --write
lint: have-test
	@$(MAKE) --no-print-directory lint-now
lint-now: floors
	@tests/lint/lint.sh
fuzz: have-test
	@$(MAKE) --no-print-directory fuzz-now
fuzz-now: $(FUZZ)
	@tests/fuzz/run.sh $(FUZZ)
bench: have-test
	@$(MAKE) --no-print-directory bench-now
bench-now: $(PROGRAMS) $(SIMS) $(BENCH) $(B)/night
	@B=$(B) /usr/bin/python3 tests/bench/bench.py
soak: have-test
	@$(MAKE) --no-print-directory soak-now
soak-now: $(PROGRAMS) $(SIMS)
	@SOAK=200000 SOAK_SMS=5000 SOAK_SEEDS=4 MODE=$(MODE) /usr/bin/python3 -m pytest -q \
		tests/system/test_http_soak.py tests/system/test_modem_soak.py

# A client generated from docs/openapi.yaml; npm takes the generators from its registry.
client: have-test
	@command -v node >/dev/null && command -v npm >/dev/null || { apt-get update -qq; $(APT) nodejs npm; }
	@$(MAKE) --no-print-directory client-now
client-now: $(PROGRAMS) $(SIMS)
	@MODE=$(MODE) /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/client

# The packages for the Debian that this is, in build/deb.
deb:
	@dpkg -s debhelper fakeroot >/dev/null 2>&1 || { apt-get update -qq; $(APT) debhelper fakeroot; }
	@dpkg -s $(DEPS) >/dev/null 2>&1 || $(MAKE) deps
	rm -rf build/deb && mkdir -p build/deb/gong
	git ls-files -z | tar --null -T - -cf - | tar -xf - -C build/deb/gong
	cd build/deb/gong && dpkg-buildpackage -us -uc -b
	@ls build/deb/*.deb
# What takes longer than a change wants to wait for, or more than Debian: a generated client, a soak, an
# hour of fuzzing, packages in fresh Debians.
check-long: have-test
	@dpkg -s mmdebstrap lintian >/dev/null 2>&1 || $(APT) mmdebstrap lintian
	@$(MAKE) --no-print-directory client
	@$(MAKE) --no-print-directory soak-now
	@$(MAKE) --no-print-directory fuzz-now FUZZ_SECONDS=400
	@tests/deb.sh

# What a site edits, gong.conf and roles.conf, is never overwritten; the rest is ours.
SHARE = $(DESTDIR)$(PREFIX)/share/gong
install: $(PROGRAMS)
	install -D -m 755 $(B)/gongd $(DESTDIR)$(PREFIX)/sbin/gongd
	install -D -m 755 $(B)/gongctl $(DESTDIR)$(PREFIX)/bin/gongctl
	for d in $(DRIVERS); do install -D -m 755 $(B)/gong-$$d $(DESTDIR)$(PREFIX)/libexec/gong/gong-$$d; done
	install -D -m 755 drivers/modem/usb-reset $(DESTDIR)$(PREFIX)/libexec/gong/usb-reset
	install -D -m 644 ctl/completion/gongctl.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/gongctl
	install -D -m 644 ctl/completion/_gongctl $(DESTDIR)$(PREFIX)/share/zsh/vendor-completions/_gongctl
	install -d $(SHARE)/templates $(SHARE)/policies $(SHARE)/providers
	install -m 644 drivers/http/profiles/*.json $(SHARE)/providers/
	install -m 644 templates/*.conf $(SHARE)/templates/
	install -m 644 config/policies/*.conf $(SHARE)/policies/
	install -m 644 config/modems.conf $(SHARE)/modems.conf
	install -m 644 config/kinds.conf $(SHARE)/kinds.conf
	install -m 644 config/zabbix.xml $(SHARE)/zabbix.xml
	install -m 644 config/national.conf $(SHARE)/national.conf
	install -d $(SHARE)/demo
	install -m 644 config/demo/* config/roles.conf $(SHARE)/demo/
	sed 's|"\.\./templates"|"$(PREFIX)/share/gong/templates"|; s|"policies"|"$(PREFIX)/share/gong/policies"|; s|"kinds.conf"|"$(PREFIX)/share/gong/kinds.conf"|; s|/usr/libexec|$(PREFIX)/libexec|' \
		config/gong.conf >$(B)/gong.conf
	for f in config/roles.conf $(B)/gong.conf; do [ -e $(DESTDIR)/etc/gong/$${f##*/} ] || \
		install -D -m 640 $$f $(DESTDIR)/etc/gong/$${f##*/}; done
	for m in $(patsubst docs/man/%,%,$(wildcard docs/man/*.[158] docs/man/zh_CN/*.[158])); do \
		install -D -m 644 docs/man/$$m $(DESTDIR)$(PREFIX)/share/man/$$(dirname $$m)/man$${m##*.}/$${m##*/}; done
	for f in $(wildcard README*.md docs/*.md docs/*.yaml docs/zh/*.md); do \
		install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/doc/gong/$$f; done
	install -D -m 644 systemd/gongd.service $(DESTDIR)/usr/lib/systemd/system/gongd.service
	sed -i 's|/usr/sbin|$(PREFIX)/sbin|' $(DESTDIR)/usr/lib/systemd/system/gongd.service
	install -D -m 644 systemd/gong.sysusers.conf $(DESTDIR)/usr/lib/sysusers.d/gong.conf
	install -D -m 644 systemd/gong.tmpfiles.conf $(DESTDIR)/usr/lib/tmpfiles.d/gong.conf
	install -D -m 644 systemd/60-gong-modem.rules $(DESTDIR)/usr/lib/udev/rules.d/60-gong-modem.rules

clean:
	rm -rf build
.PHONY: all texts deps deps-test have have-test demo demo-now check check-now asan floors lint lint-now fuzz fuzz-now \
	bench bench-now client client-now soak soak-now deb check-long install clean
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
