# SPDX-License-Identifier: MIT
# `make help` says what there is.

LUA ?= lua5.4
FLAVOUR ?=
BUILD := build/$(LUA)$(FLAVOUR)
CORE := $(BUILD)/adobepass/core.so

# The interpreter's name is also pkg-config's on Debian; elsewhere say
# LUA_PC=lua-5.4 or LUA_PC=lua54.
LUA_PC ?= $(LUA)
PKG_CONFIG ?= pkg-config
CC ?= cc
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes
ifdef CI
WARNINGS += -Werror
endif

CPPFLAGS_ALL = -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 \
  $(shell $(PKG_CONFIG) --cflags $(LUA_PC) libcurl libcrypto) $(CPPFLAGS)
CFLAGS_ALL = -std=c99 -fPIC -fvisibility=hidden -fstack-protector-strong \
  -pthread $(WARNINGS) $(CFLAGS)
# nodelete: a thread of libcurl's resolver may outlive the Lua state.
LDFLAGS_ALL = -shared -pthread -Wl,-z,nodelete -Wl,-z,relro -Wl,-z,now \
  $(LDFLAGS)
LIBS := $(shell $(PKG_CONFIG) --libs libcurl libcrypto 2>/dev/null)

SOURCES := $(wildcard csrc/*.c)
PURE := $(filter-out csrc/l%.c,$(SOURCES)) csrc/live.c csrc/lockfile.c
OBJECTS := $(SOURCES:csrc/%.c=$(BUILD)/obj/%.o)

.PHONY: all
all: $(CORE) ## build for LUA (lua5.4, luajit, lua5.3 or lua5.1)

$(CORE): $(OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS_ALL) -o $@ $(OBJECTS) $(LIBS)

$(BUILD)/obj/%.o: csrc/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

-include $(OBJECTS:.o=.d)
