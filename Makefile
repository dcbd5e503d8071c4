# SPDX-License-Identifier: MIT
# `make help` lists the targets.

# The address of the project: a placeholder until it has a public home.
PROJECT_URL ?= https://adobepass.example

LUA ?= lua5.4
BUILD_SUFFIX ?=
BUILD := build/$(LUA)$(BUILD_SUFFIX)
CORE := $(BUILD)/adobepass/core.so

# The name of the pkg-config module. On Debian it is the interpreter's name;
# elsewhere set LUA_PC=lua-5.4 or LUA_PC=lua54.
LUA_PC ?= $(LUA)
PKG_CONFIG ?= pkg-config
CC ?= cc
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
# Debian's packages set LIBDIR=/usr/lib/<multiarch>.
LIBDIR ?= $(PREFIX)/lib

# The Luas that the tests run on.
LUAS ?= lua5.4 luajit lua5.3 lua5.2 lua5.1
JOBS ?= $(shell nproc 2> /dev/null || echo 1)
# The inner makes compile in parallel, unless the outer one runs with -j.
parallel = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))

BUILD_PACKAGES := gcc make pkg-config lua5.4 liblua5.4-dev \
  luajit2/luajit libluajit2-5.1-dev/libluajit-5.1-dev \
  libcurl4-openssl-dev libssl-dev lua-cjson lua-argparse \
  openssl nginx-light libnginx-mod-http-lua qrencode
TEST_PACKAGES := trafficserver trafficserver-experimental-plugins \
  lua5.3 liblua5.3-dev lua5.2 liblua5.2-dev lua5.1 liblua5.1-0-dev lua-busted \
  lua-socket tinyproxy-bin util-linux procps chromium chromium-driver \
  redis-server lua-resty-lrucache curl python3 nodejs valgrind man-db locales \
  groff-base prometheus \
  spin lua-luv lua-cqueues lua-copas luarocks love mpv ffmpeg xvfb xdotool \
  imagemagick zbar-tools zsh fish libsdl2-dev libsdl2-ttf-dev fonts-dejavu-core
PACKAGE_PACKAGES := debhelper dpkg-dev lintian mmdebstrap cmark-gfm \
  zip xz-utils
# In the clean roots of `make ports`, and on the machine that runs it.
PORT_PACKAGES := gcc libc6-dev make pkg-config lua5.4 liblua5.4-dev luajit \
  libluajit-5.1-dev libcurl4-openssl-dev libssl-dev lua-cjson lua-argparse lua-socket \
  lua-busted lua-luv lua-cqueues openssl procps mount locales redis-server nginx-light \
  libnginx-mod-http-lua tinyproxy-bin
PORTS_PACKAGES := mmdebstrap qemu-user-static binfmt-support arch-test
LINT_PACKAGES := cmark-gfm lua-check cppcheck clang-format clang-tidy clang \
  libclang-rt-14-dev/libclang-rt-dev

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes
ifdef CI
WARNINGS += -Werror
endif

LIBRARIES := libcurl libcrypto
INCLUDES = $(shell $(PKG_CONFIG) --cflags $(LUA_PC) $(LIBRARIES))
# On 32 bits, glibc's time_t would end in 2038, and a file with a large inode could not
# be examined.
WIDE := -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
CPPFLAGS_ALL = -D_GNU_SOURCE $(WIDE) -Icsrc $(INCLUDES) $(CPPFLAGS)
CFLAGS_ALL = -std=c99 -fPIC -fvisibility=hidden -fstack-protector-strong \
  -pthread $(WARNINGS) $(CFLAGS)
# glibc's buffer checks need optimization, and hide overflows from sanitizers.
ifneq ($(filter -O1 -O2 -O3 -Os,$(CFLAGS)),)
ifeq ($(findstring FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS))$(findstring \
  -fsanitize,$(CFLAGS)),)
CFLAGS_ALL += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif
endif
ifeq ($(shell uname),Darwin)
LDFLAGS_ALL = -bundle -undefined dynamic_lookup $(LDFLAGS)
else
# Symbols are bound at load time (-z now), so calls need no PLT stubs.
CFLAGS_ALL += -fno-plt
# nodelete: a resolver thread of libcurl may outlive the Lua state.
LDFLAGS_ALL = -shared -pthread -Wl,-z,nodelete -Wl,-z,relro -Wl,-z,now \
  $(LDFLAGS)
endif
LIBS = $(shell $(PKG_CONFIG) --libs $(LIBRARIES)) -lm

VERSION := $(shell sed -n 's/.*ADOBEPASS_VERSION "\(.*\)"/\1/p' csrc/base/version.h)
SOURCES := $(wildcard csrc/*/*.c)
PURE := $(filter-out csrc/lua/%,$(SOURCES))
# The files outside of csrc/lua do not depend on the Lua.
PURE_BUILD := build/pure$(BUILD_SUFFIX)
PURE_OBJECTS := $(PURE:csrc/%.c=$(PURE_BUILD)/%.o)
OBJECTS := $(PURE_OBJECTS) \
  $(patsubst csrc/%.c,$(BUILD)/obj/%.o,$(filter csrc/lua/%,$(SOURCES)))
LUA_FILES := $(shell find lua -name '*.lua')

# The environment of programs of this tree, with the core of one Lua (see .ci/spec_file).
lua_path := $(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;$(CURDIR)/?.lua
environment = LUA_PATH="$(lua_path);;" \
LUA_CPATH="$(CURDIR)/build/$(1)/?.so;;" \
ADOBEPASS_LUA="$(1)" ADOBEPASS_BUILD="$(CURDIR)/build/$(1)"

# Lua prefers these variables to LUA_PATH and LUA_CPATH.
unexport LUA_PATH_5_4 LUA_CPATH_5_4 LUA_PATH_5_3 LUA_CPATH_5_3

.PHONY: all
all: $(CORE) ## build the core for LUA (lua5.4, luajit, lua5.3, lua5.2, lua5.1)

$(CORE): $(OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS_ALL) -o $@ $(OBJECTS) $(LIBS)

define compile
@mkdir -p $(@D)
$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<
endef
$(BUILD)/obj/%.o: csrc/%.c Makefile
	$(compile)
$(PURE_BUILD)/%.o: csrc/%.c Makefile
	$(compile)

-include $(OBJECTS:.o=.d)

# Programs of the specs: an interpreter for the sanitizers (host); one that fails
# each allocation in turn (alloc_failure); one that inspects freed memory (freed);
# one whose clock the script advances (later); one whose DNS lookups never end (stuck).
$(BUILD)/host: spec/support/programs/host.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -o $@ $< \
	  $(shell $(PKG_CONFIG) --libs $(LUA_PC)) $(LDFLAGS)

$(BUILD)/alloc_failure: wrapped = malloc calloc free epoll_create1 epoll_ctl
$(BUILD)/freed: wrapped = malloc free OPENSSL_cleanse
with_script := $(BUILD)/freed $(BUILD)/later $(BUILD)/stuck
$(with_script): script = spec/support/programs/script.c
$(BUILD)/alloc_failure $(with_script): $(BUILD)/%: \
  spec/support/programs/%.c spec/support/programs/script.c spec/support/programs/script.h $(OBJECTS)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -o $@ $< $(script) $(OBJECTS) \
	  $(wrapped:%=-Wl,--wrap=%) $(shell $(PKG_CONFIG) --libs $(LUA_PC)) $(LIBS)

$(BUILD)/few_features.so: spec/support/programs/few_features.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -shared -o $@ $< -Wl,--no-as-needed $(LIBS)

.PHONY: cores
cores: $(addprefix core-,$(sort $(LUAS) luajit)) # nginx needs LuaJIT

# Makes of several Luas at once would write the same files.
core-%: $(PURE_OBJECTS)
	@$(MAKE) --no-print-directory $(parallel) LUA=$* all

.PHONY: deps
deps: ## install missing packages to build and run (Debian)
	@sh .ci/packages $(BUILD_PACKAGES)

.PHONY: test-deps
test-deps: deps
	@sh .ci/packages $(TEST_PACKAGES)
	@sh .ci/axe

.PHONY: lint-deps
lint-deps: test-deps
	@sh .ci/packages $(LINT_PACKAGES)

# The command runs on Lua 5.4, and its sandbox in nginx on LuaJIT.
both_cores = for lua in lua5.4 luajit; do \
  $(MAKE) -q --no-print-directory LUA=$$lua all || { \
    echo "Building the core for $$lua, about 10 seconds ..."; \
    $(MAKE) --no-print-directory -s LUA=$$lua all; } || exit 1; done

.PHONY: demo
demo: deps ## start the sandbox, then log in, play and log out
	@$(both_cores)
	@$(call environment,lua5.4) lua5.4 examples/demo.lua

.PHONY: gateway
gateway: deps ## run the gateway of examples/openresty on this machine
	@sh .ci/packages redis-server lua-resty-lrucache curl
	@$(both_cores)
	@examples/openresty/run

.PHONY: tv
tv: deps ## run the TV app of examples/tv on this machine
	@sh .ci/packages love
	@$(both_cores)
	@$(call environment,lua5.4) bin/adobepass sandbox \
	  --world examples/tv/world.lua --exec 'love examples/tv'

# The engine of examples/engine.
ENGINE_PACKAGES := libsdl2-dev libsdl2-ttf-dev fonts-dejavu-core
build/lua5.4/engine build/lua5.4-asan/engine: examples/engine/engine.c
	@mkdir -p $(@D)
	$(CC) -std=c99 $(WARNINGS) $(CFLAGS) \
	  $(shell $(PKG_CONFIG) --cflags lua5.4 sdl2 SDL2_ttf) -o $@ $< \
	  $(shell $(PKG_CONFIG) --libs lua5.4 sdl2 SDL2_ttf) $(LDFLAGS)

.PHONY: engine
engine: deps ## run the C game engine of examples/engine on this machine
	@sh .ci/packages $(ENGINE_PACKAGES)
	@$(both_cores)
	@$(MAKE) --no-print-directory -s build/lua5.4/engine
	@$(call environment,lua5.4) bin/adobepass sandbox \
	  --world examples/tv/world.lua \
	  --exec 'build/lua5.4/engine examples/engine/game.lua'

.PHONY: engine-asan
engine-asan: # the engine and the core with sanitizers, for the specs
	@$(MAKE) --no-print-directory -s $(parallel) LUA=lua5.4 BUILD_SUFFIX=-asan \
	  CFLAGS="$(SANITIZE)" LDFLAGS="-fsanitize=address,undefined" \
	  all build/lua5.4-asan/engine

.PHONY: player
player: deps ## run the mpv app of examples/mpv beside sandbox and gateway
	@sh .ci/packages mpv ffmpeg lua5.2 liblua5.2-dev redis-server lua-resty-lrucache curl
	@$(both_cores)
	@$(MAKE) --no-print-directory -s LUA=lua5.2 all
	@$(call environment,lua5.4) lua5.4 -e 'require("examples.mpv.start").run()'

.PHONY: spec-programs
spec-programs: core-lua5.4 # programs for specs of the core
	@$(MAKE) --no-print-directory -s $(parallel) LUA=lua5.4 \
	  build/lua5.4/alloc_failure build/lua5.4/freed build/lua5.4/later \
	  build/lua5.4/stuck build/lua5.4/allocations.so build/lua5.4/few_features.so

.PHONY: test
test: test-deps ## run all specs on every Lua (LUAS=lua5.4, SPECS=spec/flow)
	@$(MAKE) --no-print-directory -s $(parallel) cores spec-programs engine-asan
	@rm -f build/counts
	@status=0; sh .ci/specs "$(LUAS)" $(SPECS) || status=1; \
	  sh .ci/sum build/counts && exit $$status

.PHONY: manifest
manifest: ## update spec/manifest.txt, the tags of all specs
	@lua5.4 .ci/manifest

.PHONY: conformance
conformance: ## update docs/conformance.md, Adobe's statements and their specs
	@lua5.4 .ci/conformance

.PHONY: architecture
architecture: ## update the generated part of docs/architecture.md
	@lua5.4 .ci/layers write

.PHONY: lint
lint: lint-deps ## check tags, layers, luacheck, warnings, cppcheck, clang-tidy
	@lua5.4 .ci/manifest check
	@lua5.4 .ci/layers check
	@lua5.4 .ci/conformance check
	@$(MAKE) --no-print-directory -s $(parallel) LUA=lua5.4 all
	@lua5.4 .ci/types check
	@lua5.4 .ci/reference check
	@lua5.4 .ci/diagrams check
	luacheck -q .
	@if clang-format --version | grep -q 'version 14'; then \
	  clang-format --dry-run -Werror $(wildcard csrc/*/*.[ch] spec/fuzz/*.[ch] \
	    spec/support/programs/*.[ch] spec/guard/*.c bench/*.[ch] \
	    examples/engine/*.c); \
	else echo "clang-format is checked with version 14 only"; fi
	@$(MAKE) --no-print-directory -s $(parallel) CI=1 BUILD_SUFFIX=-lint all
	cppcheck --quiet -j$(JOBS) --std=c99 --error-exitcode=1 --inline-suppr \
	  --enable=warning,performance,portability -D_GNU_SOURCE -Icsrc csrc \
	  spec/support/programs spec/guard examples/engine
	@ls $(SOURCES) spec/support/programs/*.c spec/guard/*.c | \
	  xargs -P $(JOBS) -n 4 sh -c 'exec clang-tidy --quiet \
	    --warnings-as-errors="*" "$$@" -- -std=c99 $(WARNINGS) $(CPPFLAGS_ALL) \
	    2> /dev/null' tidy

.PHONY: model
model: test-deps ## check the model of the credentials protocol with spin
	@spec/model/run

SEEDS ?= 1000
SEED ?= 1
.PHONY: simulate
simulate: $(CORE) ## simulate processes on one store: SEEDS=n SEED=first VERBOSE=1 DEFECT=A
	@$(call environment,$(LUA)) $(LUA) spec/simulation/main.lua $(SEED) $(SEEDS) \
	  "$(VERBOSE)" "$(DEFECT)"

SANITIZE := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer \
  -fno-sanitize-recover=undefined
SANITIZED := lua5.4 luajit
.PHONY: asan
asan: lint-deps ## run the core's specs under ASan and UBSan, GC at every step
	@for lua in $(SANITIZED); do \
	  $(MAKE) --no-print-directory -s $(parallel) LUA=$$lua BUILD_SUFFIX=-asan \
	    CFLAGS="$(SANITIZE)" LDFLAGS="-fsanitize=address,undefined" \
	    all build/$$lua-asan/host || exit 1; done
	@rm -f build/counts.asan
	@status=0; ADOBEPASS_GC=stress UBSAN_OPTIONS=print_stacktrace=1 \
	  ASAN_OPTIONS=detect_leaks=1 COUNTS=build/counts.asan \
	  sh .ci/specs "$(SANITIZED:%=%-asan)" spec/unit/core || status=1; \
	  sh .ci/sum build/counts.asan && exit $$status

.PHONY: poll
poll: test-deps cores ## run the core's specs with poll instead of epoll
	@$(MAKE) --no-print-directory -s $(parallel) LUA=lua5.4 BUILD_SUFFIX=-poll \
	  CPPFLAGS=-DAP_POLLER_POLL all
	@rm -f build/counts.poll
	@status=0; COUNTS=build/counts.poll sh .ci/specs lua5.4-poll \
	  spec/unit/core spec/unit/driver spec/integration/driver || status=1; \
	  sh .ci/sum build/counts.poll && exit $$status

.PHONY: valgrind
VALGRIND := valgrind --quiet --leak-check=full --error-exitcode=9 \
  --show-leak-kinds=definite,indirect \
  --errors-for-leak-kinds=definite,indirect
valgrind: test-deps cores ## run the core's specs under valgrind
	@rm -f build/counts
	@status=0; ADOBEPASS_UNDER="$(VALGRIND)" ADOBEPASS_KILLS=5 \
	  ADOBEPASS_LIMIT=3600 sh .ci/specs "$(SANITIZED)" spec/unit/core || status=1; \
	  sh .ci/sum build/counts && exit $$status

-include spec/fuzz/fuzz.mk spec/mutation/mutation.mk spec/kill/kill.mk bench/bench.mk \
  bench/evidence.mk

.PHONY: cov
cov: test-deps ## report the line coverage of C
	@$(MAKE) --no-print-directory -s LUA=lua5.4 BUILD_SUFFIX=-cov \
	  CFLAGS="-O0 -g --coverage" LDFLAGS=--coverage all
	@find build -name '*.gcda' -delete; rm -f build/counts
	@sh .ci/specs lua5.4-cov spec/unit/core \
	  > build/cov.log || true # an unprivileged child cannot write coverage
	@gcov -n build/lua5.4-cov/obj/*/*.gcda build/pure-cov/*/*.gcda 2>/dev/null | awk '\
	  /^File .*csrc/ { gsub(/\047/, "", $$2); file = $$2 } \
	  /^Lines executed/ && file { split($$2, part, ":"); \
	    printf "%8s  %s\n", part[2], file; file = "" }' | sort -k2
	@rm -f build/counts

.PHONY: doc
DOC := build/doc
doc: deps ## write the documentation as a site to build/doc
	@sh .ci/packages cmark-gfm
	@$(MAKE) --no-print-directory -s LUA=lua5.4 all
	@lua5.4 .ci/site/site.lua $(DOC)

completions := bash:bash-completion/completions/adobepass \
  zsh:zsh/site-functions/_adobepass fish:fish/vendor_completions.d/adobepass.fish

.PHONY: types
types: lint-deps cores ## write the definitions for editors (LuaLS), and the reference
	@.ci/types write
	@.ci/reference write

.PHONY: diagrams
diagrams: ## draw the sequence diagrams of docs/diagrams
	@.ci/diagrams write

.PHONY: install
install: all ## install module, command and manual page below PREFIX
	@version=$$($(LUA) -e 'print(_VERSION:match("%d.%d"))'); set -e; \
	  to=$(DESTDIR)$(PREFIX); share=$$to/share/lua/$$version; \
	  install -D -m 755 $(CORE) \
	    $(DESTDIR)$(LIBDIR)/lua/$$version/adobepass/core.so; \
	  for path in $(sort $(dir $(LUA_FILES))); do \
	    install -d -m 755 $$share/$${path#lua/}; \
	    install -m 644 $$path*.lua $$share/$${path#lua/}; done; \
	  if [ $(LUA) != luajit ] || [ ! -e $$to/bin/adobepass ]; then \
	    install -D -m 755 bin/adobepass $$to/bin/adobepass; \
	    sed -i '1s/lua5.4/$(LUA)/' $$to/bin/adobepass; fi; \
	  install -D -m 644 bin/adobepass.1 $$to/share/man/man1/adobepass.1; \
	  for pair in $(completions); do \
	    file=$$to/share/$${pair#*:}; install -d -m 755 $${file%/*}; \
	    install -m 644 /dev/null $$file; \
	    env $(call environment,$(LUA)) $(LUA) bin/adobepass completion \
	      $${pair%%:*} > $$file; done
ifeq ($(filter luajit lua5.1,$(LUA)),)
# The sandbox runs in nginx, which needs the core for LuaJIT. Lua 5.1 loads it, too.
	@if $(PKG_CONFIG) --exists luajit; then \
	  $(MAKE) --no-print-directory -s LUA=luajit all && \
	  install -D -m 755 build/luajit/adobepass/core.so \
	    $(DESTDIR)$(LIBDIR)/lua/5.1/adobepass/core.so; fi
endif
	@sh .ci/installed $(LUA) "$(DESTDIR)" "$(PREFIX)" "$(LIBDIR)"

# LuaRocks does not name the Lua, so this builds for each Lua in the same folder.
.PHONY: rock
rock: # the core for `luarocks make`, built from the start
	@rm -rf $(BUILD)
	@$(MAKE) --no-print-directory $(parallel) all

.PHONY: dist
dist: ## write source archive, source rock and checksums of HEAD to build/dist
	@sh .ci/dist $(VERSION) $(PROJECT_URL)

.PHONY: deb
deb: ## build the Debian packages of HEAD in a clean root, check them, install them
	@sh .ci/packages $(PACKAGE_PACKAGES)
	@sh .ci/deb $(VERSION)

PORTS ?= i386 armhf arm64 amd64
.PHONY: ports
ports: ## build and test HEAD on other processors, logs in build/ports (PORTS=armhf)
	@sh .ci/packages $(PORTS_PACKAGES)
	@mkdir -p build/ports; status=0; for arch in $(PORTS); do echo "== $$arch"; \
	  nice sh .ci/port $$arch "$(PORT_PACKAGES)" > build/ports/$$arch.log 2>&1 || \
	    { status=1; tail -n 5 build/ports/$$arch.log; }; done; \
	  echo "| target | Lua | passed | failed | minutes | core KiB | app KiB | private KiB |"; \
	  echo "|---|---|---|---|---|---|---|---|"; \
	  grep -h '^| ' build/ports/*.log; exit $$status

.PHONY: container
container: ## run the steps of examples/sandbox/Containerfile in a clean root
	@sh .ci/packages mmdebstrap
	@sh .ci/container

.PHONY: clean
clean: ## remove the build folder
	rm -rf build

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' \
	  $(MAKEFILE_LIST)
