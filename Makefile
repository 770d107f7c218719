# SPDX-License-Identifier: Apache-2.0
# bl: one Makefile, no recursion. `make help` lists the targets. Variants are another BUILD directory.

BUILD    ?= build
PREFIX   ?= /usr/local
DESTDIR  ?=
VERSION  := $(shell cat VERSION)
LIBEXEC  := $(PREFIX)/libexec/bl
CC       ?= gcc
AR       ?= ar
export LC_ALL = C
export TZ = UTC

WARN     := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wvla \
            -Wpointer-arith -Wwrite-strings -Wformat=2 -Wundef -Wno-sign-conversion -Wno-unknown-warning-option
WARN     += $(if $(WERROR),-Werror)
HARDEN   := -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection -ftrivial-auto-var-init=zero
FORTIFY  := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
OPT      ?= -O2
SAN      ?=
# clang 14 wants its own consent for zeroing; gcc 12 needs none.
HARDEN   += $(if $(findstring clang,$(CC)),-enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang)
CPPFLAGS_ALL := -Ilib -D_GNU_SOURCE -DBL_VERSION='"$(VERSION)"' -DBL_LIBEXEC_DIR='"$(LIBEXEC)"' $(if $(SAN),,$(FORTIFY)) $(CPPFLAGS)
CFLAGS_ALL := -std=c11 -g $(OPT) $(WARN) $(HARDEN) -fno-strict-aliasing -ffunction-sections -fdata-sections -fvisibility=hidden \
            -ffile-prefix-map=$(CURDIR)=. $(SAN) $(CFLAGS)
# Programs are static: the helper must not open a library after exec, and OpenSSL starts in half the time.
STATIC   ?= $(if $(SAN),-pie,-static-pie)
LINK     := $(STATIC) -Wl,--gc-sections -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--build-id=sha1 $(SAN) $(LDFLAGS)
LIBS     := -ljansson -lcsv -lzstd -lsodium -lcrypto -lm

# --- what there is: every file found, none listed ---
LAYERS   := base crypt format dp query policy learn attest tee plot
ISA_SRC  := $(wildcard lib/format/unpack.c lib/query/kernel.c)
LIB_SRC  := $(sort $(filter-out $(ISA_SRC),$(wildcard lib/*/*.c)))
CMD_SRC  := $(sort $(wildcard cmd/*.c))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
TOOL_SRC := $(sort $(wildcard tests/tool/*.c))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
BENCH_SRC := $(sort $(wildcard tests/bench/*.c))
MAN      := $(sort $(wildcard man/*.[1-8]))
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o) $(foreach i,v2 v3 v4,$(ISA_SRC:%.c=$(BUILD)/%.$(i).o))
PROGS    := $(patsubst cmd/%.c,$(BUILD)/bin/%,$(CMD_SRC))
UNITS    := $(UNIT_SRC:%.c=$(BUILD)/%)
TOOLS    := $(TOOL_SRC:%.c=$(BUILD)/%)
LIBBL    := $(BUILD)/libbl.a

# One short line a command; V=1 shows it whole, -s shows nothing.
run = $(if $(V),,@$(if $(findstring s,$(firstword -$(MAKEFLAGS))),,echo '  $(1)  $(2)';))

.DELETE_ON_ERROR:
.PHONY: all check units deps demo lint asan valgrind fuzz bench vm measure install clean help

all: $(PROGS) $(BUILD)/bin/bl-tee.sha256

$(BUILD)/%.o: %.c Makefile VERSION $(if $(filter deps,$(MAKECMDGOALS)),| deps)
	@mkdir -p $(@D)
	$(call run,cc,$@) $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# Files of hot loops are compiled once for each x86-64 level; each exports bl_NAME_v2, _v3, _v4.
define isa_rule
$(BUILD)/%.$(1).o: %.c Makefile VERSION $(if $(filter deps,$(MAKECMDGOALS)),| deps)
	@mkdir -p $$(@D)
	$$(call run,cc,$$@) $$(CC) $$(CPPFLAGS_ALL) $$(CFLAGS_ALL) -O3 -march=x86-64-$(1) $(if $(filter v4,$(1)),-mprefer-vector-width=512) -DBL_ISA=$(1) -MMD -MP -c -o $$@ $$<
endef
$(foreach i,v2 v3 v4,$(eval $(call isa_rule,$(i))))

$(LIBBL): $(LIB_OBJ)
	@rm -f $@
	$(call run,ar,$@) $(AR) rcD $@ $(LIB_OBJ)

# The linker warns of libcrypto's resolver and dlopen, which nothing here calls and the sandbox would not let it. Its option to
# keep warnings to itself hides undefined symbols too, so these are taken out by hand.
define link
@mkdir -p $(@D)
$(call run,ld,$@) $(CC) $(CFLAGS_ALL) $(LINK) -o $@ $< $(LIBBL) $(LIBS) 2>$@.err || { cat $@.err >&2; rm -f $@.err; exit 1; }; \
    sed '/: in function /{N;/statically linked applications/d}' $@.err >&2; rm -f $@.err
endef

$(PROGS): $(BUILD)/bin/%: $(BUILD)/cmd/%.o $(LIBBL)
	$(link)

# What the helper says that it is: it may be installed so that it cannot read itself.
$(BUILD)/bin/bl-tee.sha256: $(BUILD)/bin/bl-tee
	$(call run,sum,$@) sha256sum <$< | cut -d' ' -f1 >$@.tmp && mv $@.tmp $@

$(UNITS) $(TOOLS): $(BUILD)/%: $(BUILD)/%.o $(LIBBL)
	$(link)

# Tools are what shell tests start.
units: $(UNITS) $(TOOLS)

# --- tests: TAP under prove; shell tests find the build in $BL_BUILD ---
TESTS    ?= $(sort $(wildcard tests/t/*.t))
PROVE    := BL_BUILD='$(abspath $(BUILD))' BL_TOP='$(CURDIR)' CC='$(CC)' prove $(if $(V),-v) -j2 -e ''
check: all units
	@test -n "$(UNITS)$(TESTS)" || { echo 'check: no tests found' >&2; exit 1; }
	@$(PROVE) $(UNITS) $(TESTS)

lint: all
	tests/lint $(BUILD)

asan:
	$(MAKE) BUILD=build-asan SAN='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer' OPT=-O1 check

# Units under valgrind, which wants shared libraries; what locks a process down cannot run there. Only what valgrind finds counts:
# promises about memory and time do not hold under it. Unfortified: it takes a checked memmove for memcpy.
valgrind:
	$(MAKE) BUILD=build-valgrind STATIC=-pie OPT=-O1 FORTIFY= units
	@for t in $(filter-out %/test_sandbox %/test_spawn %/test_vm %/test_confine %/test_tsm %/test_gramine,$(UNIT_SRC:%.c=build-valgrind/%)); do echo "  vg  $$t"; \
	    valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite $$t >$$t.tap 2>$$t.log; \
	    if test $$? = 99; then cat $$t.log; exit 1; fi; done

# --- fuzz: libFuzzer, FUZZ_SECONDS each (default 60) ---
FUZZ_SECONDS ?= 60
FUZZERS  := $(FUZZ_SRC:tests/fuzz/%.c=build-fuzz/%)
fuzz:
	@test -n "$(FUZZ_SRC)"
	$(MAKE) CC=clang BUILD=build-fuzz SAN='-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all' OPT=-O1 $(FUZZERS)
	@for f in $(FUZZERS); do mkdir -p $$f.corpus; $$f -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=2048 -timeout=10 \
	    -print_final_stats=0 $$f.corpus 2>$$f.log || { tail -30 $$f.log; exit 1; }; tail -1 $$f.log; done
build-fuzz/fuzz_%: tests/fuzz/fuzz_%.c build-fuzz/libbl.a
	clang $(CPPFLAGS_ALL) $(CFLAGS_ALL) -fsanitize=address,undefined,fuzzer -o $@ $< build-fuzz/libbl.a $(LIBS)

bench: all
	tests/bench/run $(BUILD)
	tests/bench/attest $(BUILD)

# --- what an auditor compares: the same sources and packages give the same bytes. OVMF, VCPUS, VCPU_TYPE: the launch digest, too ---
measure: all
	@vm=; if test -r '$(KERNEL)' && test -d '$(MODULES)'; then $(MAKE) -s vm && vm=$(BUILD)/vm || exit 1; fi; \
	CC='$(CC)' OVMF='$(OVMF)' VCPUS='$(VCPUS)' VCPU_TYPE='$(VCPU_TYPE)' contrib/vm/measure $(BUILD) $$vm

# --- first steps ---
DEPS     := libssl-dev libsodium-dev libjansson-dev libcsv-dev libzstd-dev perl mandoc sqlite3 xxd libpg-query-dev
deps:
	@missing=; for p in $(DEPS); do \
	    dpkg-query -W -f '$${db:Status-Abbrev}' $$p 2>/dev/null | grep -q '^ii' || missing="$$missing $$p"; done; \
	if test -z "$$missing"; then echo 'deps: everything is installed'; \
	elif test "$$(id -u)" = 0; then echo "deps: installing$$missing"; \
	    apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $$missing >/dev/null; \
	else echo "deps: missing$$missing; as root run:" >&2; echo "  apt-get install$$missing" >&2; exit 1; fi

demo: all
	tests/demo $(BUILD)

# --- a virtual machine whose first process is the helper: bl-query -H vm:$(BUILD)/vm ---
KERNELS   = $(or $(wildcard /boot/vmlinuz-*-cloud-amd64),$(wildcard /boot/vmlinuz-*))
KERNEL   ?= $(if $(KERNELS),$(lastword $(shell ls -v $(KERNELS))))
MODULES  ?= /lib/modules/$(patsubst vmlinuz-%,%,$(notdir $(KERNEL)))
CMDLINE  ?= quiet panic=-1 secretmem.enable=1
vm: $(BUILD)/bin/bl-tee.sha256
	@test -r '$(KERNEL)' || { echo "vm: no kernel that can be read; name one: make vm KERNEL=... MODULES=/lib/modules/..." >&2; exit 1; }
	@mkdir -p $(BUILD)/vm
	$(call run,vm,$(BUILD)/vm) contrib/vm/mkinitrd $(BUILD)/bin/bl-tee '$(MODULES)' $(BUILD)/vm/initrd && \
	    install -m 644 '$(KERNEL)' $(BUILD)/vm/kernel && printf '%s\n' '$(CMDLINE)' >$(BUILD)/vm/cmdline

install: all
	install -d -m 755 $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(LIBEXEC) $(DESTDIR)$(PREFIX)/share/bl/policies
	for p in $(filter-out bl-tee,$(notdir $(PROGS))); do install -m 755 $(BUILD)/bin/$$p $(DESTDIR)$(PREFIX)/bin/; done
	install -m 711 $(BUILD)/bin/bl-tee $(DESTDIR)$(LIBEXEC)/bl-tee
	install -m 644 $(BUILD)/bin/bl-tee.sha256 $(DESTDIR)$(LIBEXEC)/bl-tee.sha256
	for m in $(MAN); do d=$(DESTDIR)$(PREFIX)/share/man/man$${m##*.}; install -d -m 755 $$d; install -m 644 $$m $$d/; done
	for c in $(filter-out bl-tee,$(notdir $(PROGS))); do \
	    install -D -m 644 contrib/completion/bl.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$c; done
	for f in policies/*.json; do install -m 644 $$f $(DESTDIR)$(PREFIX)/share/bl/policies/; done

clean:
	rm -rf build build-asan build-fuzz build-clang build-valgrind

help:
	@echo 'make          build everything in $(BUILD)/'
	@echo 'make deps     install the Debian packages it needs (as root)'
	@echo 'make demo     a tour: seal a table, ask, be refused'
	@echo 'make check    all tests (V=1: each line)'
	@echo 'make lint     layers, names, man pages, house rules'
	@echo 'make asan     all tests with address and undefined-behaviour sanitizers'
	@echo 'make valgrind the units under valgrind'
	@echo 'make fuzz     every fuzzer for FUZZ_SECONDS (60)'
	@echo 'make bench    hot paths as ratios'
	@echo 'make vm       a virtual machine for the helper in $(BUILD)/vm: KERNEL, MODULES'
	@echo 'make measure  hashes of helper and machine, and what made them; OVMF, VCPUS, VCPU_TYPE: the SNP launch digest'
	@echo 'make install  DESTDIR and PREFIX are honoured'

-include $(LIB_OBJ:.o=.d) $(PROGS:$(BUILD)/bin/%=$(BUILD)/cmd/%.d) $(UNITS:=.d) $(TOOLS:=.d)
