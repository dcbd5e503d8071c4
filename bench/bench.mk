# SPDX-License-Identifier: MIT
# The comparison with plain C; see bench/README.md.

BENCH_SOURCES := $(wildcard bench/plain*.c)
BENCH_FLAGS = -std=c99 -D_GNU_SOURCE -fno-plt $(WARNINGS) $(CFLAGS) \
  $(shell $(PKG_CONFIG) --cflags libcurl)

.PHONY: bench
bench: ## compare the speed of the core with plain C
	@bench/run

build/bench/plain: $(BENCH_SOURCES) bench/plain.h
	@mkdir -p $(@D)
	$(CC) $(BENCH_FLAGS) -o $@ $(BENCH_SOURCES) $(LIBS)
