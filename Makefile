# gong -- a newcomer needs two of these: `make demo` plays a short night, `make check` tests.
MODE ?= release
B := build/$(MODE)
CC := gcc
PKGS := libevent libevent_pthreads libcurl sqlite3 jansson libconfuse libcrypto
CPPFLAGS += -D_GNU_SOURCE -I. -MMD -MP -DGONG_VERSION='"0.1.0"' $(shell pkg-config --cflags $(PKGS) gammu 2>/dev/null)
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-unused-parameter
CFLAGS += -std=gnu17 -g $(WARN) $(if $(CI),-Werror) $(CFLAGS.$(MODE))
CFLAGS.release := -O2
CFLAGS.asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LDFLAGS.asan := -fsanitize=address,undefined
LDFLAGS += $(LDFLAGS.$(MODE))
LIBS = $(shell pkg-config --libs $(1))
PREFIX ?= /usr

obj = $(patsubst %.c,$(B)/%.o,$(1))
CORE := $(call obj,$(wildcard core/*.c))
KIT := $(call obj,$(wildcard drivers/kit/*.c))
DAEMON := $(call obj,$(filter-out daemon/main.c,$(wildcard daemon/*.c daemon/*/*.c)))
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

$(B)/gongd: $(B)/daemon/main.o $(DAEMON) $(KIT) $(CORE)
	$(CC) $(LDFLAGS) -o $@ $^ $(call LIBS,libevent libevent_pthreads sqlite3 jansson libconfuse libcrypto) -lcsv -lpthread -lm
$(B)/gongctl: $(call obj,$(wildcard ctl/*.c)) $(CORE)
	$(CC) $(LDFLAGS) -o $@ $^ $(call LIBS,jansson) -lm
define driver_rule
$(B)/gong-$(1): $(call obj,$(wildcard drivers/$(1)/*.c)) $(KIT) $(CORE)
	$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(call LIBS,libevent libevent_pthreads jansson libcrypto $(if $(filter modem,$(1)),gammu) $(if $(filter http,$(1)),libcurl)) -lpthread -lm
endef
$(foreach d,$(DRIVERS),$(eval $(call driver_rule,$(d))))

TEST_LIBS = $(call LIBS,libevent libevent_pthreads sqlite3 jansson libconfuse libcrypto libcurl cmocka) -lcsv -lpthread -lm
$(B)/unit/%: $(B)/tests/unit/%.o $(DAEMON) $(KIT) $(CORE)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(TEST_LIBS)
$(B)/night: $(call obj,$(wildcard tests/nights/*.c)) $(DAEMON) $(KIT) $(CORE)
	$(CC) $(LDFLAGS) -o $@ $^ $(TEST_LIBS)
$(B)/bench/%: $(B)/tests/bench/%.o $(DAEMON) $(KIT) $(CORE)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(TEST_LIBS)
define sim_rule
$(B)/sim/$(1): $(call obj,$(wildcard tests/sim/$(1).c tests/sim/$(1)_*.c)) $(CORE)
	@mkdir -p $$(@D)
	$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(TEST_LIBS)
endef
$(foreach s,$(SIM_NAMES),$(eval $(call sim_rule,$(s))))
build/fuzz/%: tests/fuzz/%.c $(wildcard core/*.c daemon/*/*.c drivers/kit/*.c)
	@mkdir -p $(@D)
	clang -D_GNU_SOURCE -I. -DGONG_VERSION='"fuzz"' -g -O1 -fsanitize=fuzzer,address,undefined -o $@ $< $(wildcard core/*.c daemon/*/*.c drivers/kit/*.c) $(TEST_LIBS)

clean:
	rm -rf build
.PHONY: all clean
-include $(shell find $(B) -name '*.d' 2>/dev/null)
