# SPDX-License-Identifier: MIT
# libFuzzer targets: `make fuzz` runs each for FUZZ_SECONDS, from the seeds in
# spec/fuzz/corpus. New inputs stay in build/fuzz/corpus, and a table of all
# targets in build/fuzz/table. One target: FUZZ_TARGETS=rsa_key.
# `make fuzz-seeds` only replays the seeds, in a second or two.

ifndef FUZZ_DIR
FUZZ_DIR := build/fuzz
FUZZ_CC ?= clang
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := $(patsubst spec/fuzz/%.c,%,$(wildcard spec/fuzz/*.c))
FUZZ_PROGRAMS := $(FUZZ_TARGETS:%=$(FUZZ_DIR)/%)
FUZZ_OBJECTS := $(PURE:csrc/%.c=$(FUZZ_DIR)/obj/%.o)
FUZZ_FLAGS = -std=c99 -g -O1 -D_GNU_SOURCE -Icsrc -pthread \
  -fno-sanitize-recover=all -fno-omit-frame-pointer $(WARNINGS) \
  $(shell $(PKG_CONFIG) --cflags libcurl libcrypto)

.PHONY: fuzz fuzz-seeds
fuzz: $(FUZZ_PROGRAMS) ## fuzz each target for FUZZ_SECONDS (60)
	@rm -f $(FUZZ_DIR)/table
	@for target in $(FUZZ_TARGETS); do \
	  sh spec/fuzz/run.sh $(FUZZ_DIR) $$target $(FUZZ_SECONDS); done; \
	  sh spec/fuzz/run.sh $(FUZZ_DIR) table

fuzz-seeds: $(FUZZ_PROGRAMS) ## replay the seeds of the fuzz targets
	@for target in $(FUZZ_TARGETS); do \
	  sh spec/fuzz/run.sh $(FUZZ_DIR) $$target seeds || exit 1; \
	done

# lint-deps installs clang.
$(FUZZ_DIR)/obj/%.o: csrc/%.c | lint-deps
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link,address,undefined \
	  -MMD -MP -c -o $@ $<

$(FUZZ_PROGRAMS): $(FUZZ_DIR)/%: spec/fuzz/%.c spec/fuzz/fuzz.h $(FUZZ_OBJECTS) \
  | lint-deps
	$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer,address,undefined -o $@ $< \
	  $(FUZZ_OBJECTS) $(LIBS)

-include $(FUZZ_OBJECTS:.o=.d)
endif
