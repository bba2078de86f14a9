# Paralab.  `make help` lists the targets.
#
# One non-recursive Makefile: a library is a folder, a program is a *_main.c and the libraries above it.
# Other kinds of build (sanitizers, fuzzers, coverage) re-enter this file with another BUILD, so that
# objects never mix.

BUILD ?= build
PREFIX ?= /usr
DESTDIR ?=
CC = gcc
CLANG ?= clang
LABD_CACHE ?= /var/cache/labd
export LABD_CACHE

VERSION := 0.1.0
STD = -std=c17 -D_GNU_SOURCE -I. -DPARALAB_VERSION='"$(VERSION)"'
WARN = -Wall -Wextra -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wcast-qual -Wwrite-strings -Wundef -Wvla -Wnull-dereference -Wconversion -Wno-sign-conversion \
	-Wswitch-enum $(if $(filter 1,$(STRICT)),-Werror)
HARDEN = -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -fPIE
OPT ?= -O2 -g
CFLAGS ?= $(OPT) $(HARDEN)
LDFLAGS ?= -pie -Wl,-z,relro,-z,now -Wl,--as-needed
PKGS = libxml-2.0 libmicrohttpd sqlite3 jansson libcurl libsodium libpcap libcmark-gfm libcrypto yaml-0.1 \
	libarchive zlib xencontrol xenstore xenvchan
# Expanded when first needed: `make deps` must work before these packages exist.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
LIBS = $(eval LIBS := $$(shell pkg-config --libs $(PKGS)) -lcmark-gfm-extensions -lwslay -lresolv -lm)$(LIBS)
ALL_CFLAGS = $(STD) $(WARN) $(CFLAGS) $(PKG_CFLAGS) -MMD -MP

Q = $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' $(1) $(2))

# ---- libraries, in the order of the layers -------------------------------------------------------
src = $(filter-out %_main.c,$(wildcard $(1)/*.c))
base_SRC     := $(call src,labd/base)
topology_SRC := $(call src,topology)
foreign_SRC  := $(call src,topology/foreign)
rpc_SRC      := $(call src,labd/rpc)
net_SRC      := $(call src,labd/host/net)
guest_SRC    := $(call src,labd/host/guest)
console_SRC  := $(call src,labd/host/console)
store_SRC    := $(call src,labd/site/store)
grading_SRC  := $(call src,grading) $(call src,grading/check)
probe_SRC    := $(call src,grading/probe)
host_SRC     := $(call src,labd/host)
http_SRC     := $(call src,labd/site/http)
site_SRC     := $(call src,labd/site)
ctl_SRC      := $(call src,labd/ctl)
LIBRARIES := ctl site http host probe grading store console guest net rpc foreign topology base

lib_a = $(BUILD)/lib$(1).a
# Objects have a folder of their own: the program labd would be where the objects of the folder labd are.
obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
ARCHIVES := $(foreach l,$(LIBRARIES),$(if $($(l)_SRC),$(call lib_a,$(l))))

PROGRAM_MAINS := $(wildcard labd/site/labd_main.c labd/host/labhost_main.c labd/host/console/labconsole_main.c \
	labd/host/guest/labhotplug_main.c labd/host/guest/labvchan_main.c labd/ctl/labctl_main.c grading/probe/labprobe_main.c)
PROGRAMS := $(patsubst %_main.c,$(BUILD)/%,$(notdir $(PROGRAM_MAINS)))

.SECONDARY:
.PHONY: all
all: $(PROGRAMS) ## build the programs into $(BUILD)

define library
$(call lib_a,$(1)): $(call obj,$($(1)_SRC))
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach l,$(LIBRARIES),$(if $($(l)_SRC),$(eval $(call library,$(l)))))

$(BUILD)/obj/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(EXTRA_$(*F)) -c -o $@ $<

# Xen's headers need GNU C.
EXTRA_xen_domains = -std=gnu17

# Schemas are taken in by .incbin, which the compiler's dependency files do not see.
$(BUILD)/obj/topology/topo_rng.o: topology/topology.rng
$(BUILD)/obj/labd/ctl/cmd_exercise_new.o: $(shell find labd/ctl/template -type f)
$(BUILD)/obj/grading/exercise_rng.o: grading/exercise.rng

define program
$(BUILD)/$(patsubst %_main.c,%,$(notdir $(1))): $(BUILD)/obj/$(1:.c=.o) $(ARCHIVES)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$< -Wl,--start-group $(ARCHIVES) -Wl,--end-group $$(LIBS)
endef
$(foreach m,$(PROGRAM_MAINS),$(eval $(call program,$(m))))

# ---- tests ---------------------------------------------------------------------------------------
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
CONTRACT_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/contract/test_*.c))

$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(ARCHIVES)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(LIBS) -lcmocka -lutil

.PHONY: tests
tests: $(PROGRAMS) $(UNIT_TESTS) $(CONTRACT_TESTS) ## build the tests without running them

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# ---- web, image --------------------------------------------------------------------------------
web/node_modules/.stamp: web/package-lock.json
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

WEB_SRC := $(wildcard web/index.html web/vite.config.* web/tsconfig.json) $(shell find web/src -type f 2>/dev/null)
web/dist/index.html: web/node_modules/.stamp $(WEB_SRC)
	cd web && npm run --silent build
	@touch $@

.PHONY: web image deps
web: ; @labd/tools/deps.sh web && $(MAKE) --no-print-directory web/dist/index.html ## build the web front end into web/dist
image: ; @labd/tools/deps.sh image && images/build.sh ## build the guest image, or reuse it

deps: ## install the packages that building, running and testing need (root)
	labd/tools/deps.sh build run image kernel xen web test

# ---- running -------------------------------------------------------------------------------------
.PHONY: demo
demo: ## one command: install what is missing, build, start (LISTEN=host:port, DRIVER=xen|container|fake)
	@labd/tools/deps.sh build run image web $(if $(filter xen,$(DRIVER)),kernel xen)
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory web/dist/index.html
	@images/build.sh
	@$(if $(filter xen,$(DRIVER)),images/kernel/build.sh small)
	@BUILD=$(BUILD) LISTEN="$(LISTEN)" DRIVER="$(DRIVER)" exec labd/tools/demo$(if $(filter xen,$(DRIVER)),-xen).sh

# ---- checks --------------------------------------------------------------------------------------
.PHONY: test
test: all $(UNIT_TESTS) ## the quick tests: no root, no network, under a minute
	@tests/run.sh $(UNIT_TESTS)

.PHONY: check check-lint check-clang check-asan check-contract check-web check-e2e fuzz
check: ## install what is missing and run every test of every kind (root)
	@tests/check.sh

check-contract: all $(CONTRACT_TESTS) ## drivers, wiring and probes on real parts; driver xen by check-xen (root)
	@images/build.sh >/dev/null
	@tests/run.sh $(filter-out %/test_guest_xen,$(CONTRACT_TESTS))

check-asan: ## the quick tests under AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory BUILD=$(BUILD)-asan OPT="-O1 -g -fno-omit-frame-pointer" HARDEN="-fPIE" \
		CFLAGS="-O1 -g -fno-omit-frame-pointer -fPIE -fsanitize=address,undefined -fno-sanitize-recover=undefined" \
		LDFLAGS="-pie -fsanitize=address,undefined" test

check-clang: ## clang builds everything without a warning
	@$(MAKE) --no-print-directory BUILD=$(BUILD)-clang CC=$(CLANG) STRICT=1 tests

check-web: web/dist/index.html ## types and unit tests of the front end
	cd web && npm run --silent check && npm test --silent

check-e2e: all web/dist/index.html ## the whole stack with a real browser (root)
	@images/build.sh >/dev/null
	@BUILD=$(BUILD) node --test --test-concurrency=3 $(E2E_TESTS)
E2E_TESTS ?= $(sort $(wildcard tests/e2e/*.test.mjs))

# What a nested Xen machine is started from: the two images, our programs, and the contract tests.
.PHONY: xen-parts check-xen
xen-parts: all man web/dist/index.html $(CONTRACT_TESTS)
	@images/build.sh
	@images/kernel/build.sh small
	@images/xenhost/build.sh

check-xen: xen-parts ## contract tests, exercises, a browser, mishaps on real PV domains (root)
	@BUILD=$(BUILD) node --test --test-concurrency=1 $(XEN_TESTS)
XEN_TESTS ?= $(sort $(wildcard tests/xen/*.test.mjs))

# ---- fuzzing: clang's libFuzzer, seeded with the golden files ---------------------------------------
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 600
FUZZ_BUILD = $(BUILD)-fuzz
FUZZ_FLAGS = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined

.PHONY: fuzzers
fuzzers: $(FUZZERS:%=$(BUILD)/fuzz_%) $(BUILD)/fuzz-greedy
# bound.o stands between libFuzzer and the fuzzer.
FUZZ_LD = $(CC) -fsanitize=address,undefined,fuzzer -Wl,--wrap=LLVMFuzzerTestOneInput -o $@ $(filter %.o,$^)
$(BUILD)/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/obj/tests/fuzz/bound.o $(ARCHIVES)
	$(call say,LD,$@)
	$(Q)$(FUZZ_LD) -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(LIBS)
$(BUILD)/fuzz-greedy: $(BUILD)/obj/tests/fuzz/greedy.o $(BUILD)/obj/tests/fuzz/bound.o
	$(call say,LD,$@)
	$(Q)$(FUZZ_LD)

fuzz: ## look for inputs that break the readers, FUZZ_SECONDS (600) for each
	@$(MAKE) --no-print-directory BUILD=$(FUZZ_BUILD) CC=$(CLANG) CFLAGS="$(FUZZ_FLAGS)" HARDEN= fuzzers
	@tests/fuzz/run.sh $(FUZZ_BUILD) $(FUZZ_SECONDS) $(FUZZERS)

# ---- schemas: the compact syntax is the source; what it gives is committed, so that a build needs no trang ------
RNC := topology/topology.rnc grading/exercise.rnc
.PHONY: schemas
schemas: ## make the .rng schemas from the .rnc ones (trang)
	$(foreach s,$(RNC),trang $(s) $(s:.rnc=.rng) &&) true

# ---- looking at the code ---------------------------------------------------------------------------
C_FILES = $(shell git ls-files '*.c' '*.h')
.PHONY: lint format
lint: ## layers, bans, static analysis, format
	@tests/lint/lint.sh $(BUILD)

format: ## format the C sources in place
	clang-format -i $(C_FILES)

# ---- figures ---------------------------------------------------------------------------------------
.PHONY: bench bench-deps
bench-deps: ## install the peers that we are measured against (root)
	@labd/tools/deps.sh bench
bench: all web/dist/index.html bench-deps ## print our figures as ratios against others (root)
	@images/build.sh >/dev/null
	@BUILD=$(BUILD) tests/bench/run.sh

.PHONY: bench-grading
bench-grading: all web/dist/index.html ## time to grade, grades that differ (RUNS=3, CLASS=30, EXERCISES=a,b; root)
	@images/build.sh >/dev/null
	@BUILD=$(BUILD) RUNS=$(or $(RUNS),3) CLASS=$(or $(CLASS),30) node tests/bench/grading.mjs

.PHONY: bench-xen
bench-xen: xen-parts ## print our figures on Xen beside stock xl's, in the same nested machine (root)
	@images/kernel/build.sh cloud
	@BUILD=$(BUILD) tests/bench/xen-host.sh

# ---- man pages and installation ----------------------------------------------------------------------
MAN := $(patsubst labd/man/%.scd,$(BUILD)/man/%,$(wildcard labd/man/*.scd))
$(BUILD)/man/%: labd/man/%.scd $(BUILD)/labctl labd/man/build.sh
	$(call say,MAN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)labd/man/build.sh $(BUILD)/labctl <$< >$@

.PHONY: man install
man: $(MAN) ## build the man pages (scdoc)

SBINDIR = $(DESTDIR)$(PREFIX)/sbin
SHARE = $(DESTDIR)$(PREFIX)/share
install: all man web/dist/index.html ## install below $(DESTDIR)$(PREFIX)
	install -d $(SBINDIR) $(DESTDIR)$(PREFIX)/bin $(SHARE)/labd/exercises $(SHARE)/labd/schemas $(SHARE)/man/man1 \
		$(SHARE)/man/man5 $(SHARE)/man/man8 $(SHARE)/bash-completion/completions $(DESTDIR)$(PREFIX)/lib/systemd/system \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d $(DESTDIR)$(PREFIX)/lib/tmpfiles.d $(DESTDIR)/etc/labd
	install -m 755 $(addprefix $(BUILD)/,labd labhost labconsole labprobe labhotplug labvchan) $(SBINDIR)
	install -m 755 $(BUILD)/labctl $(DESTDIR)$(PREFIX)/bin
	$(foreach s,1 5 8,install -m 644 $(filter %.$(s),$(MAN)) $(SHARE)/man/man$(s) &&) true
	$(BUILD)/labctl help --completion >$(SHARE)/bash-completion/completions/labctl
	install -m 644 labd/etc/labd.service labd/etc/labhost.service $(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 644 labd/etc/labd.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/labd.conf
	install -m 644 labd/etc/labd.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/labd.conf
	$(foreach f,labd.conf labhost.conf,test -e $(DESTDIR)/etc/labd/$(f) || install -m 644 labd/etc/$(f) $(DESTDIR)/etc/labd/$(f);)
	rm -rf $(SHARE)/labd/web && cp -r web/dist $(SHARE)/labd/web
	cp -r exercises/. $(SHARE)/labd/exercises/
	install -m 644 $(RNC) $(RNC:.rnc=.rng) topology/schemas.xml $(SHARE)/labd/schemas

.PHONY: clean
clean: ## remove what was built here
	rm -rf $(BUILD) $(BUILD)-*

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 20
