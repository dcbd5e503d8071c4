# SPDX-License-Identifier: MIT
# `make bench` compares the core with plain C; see bench/README.md.

ifndef BENCH_DIR
BENCH_DIR := build/bench
BENCH_SOURCES := $(wildcard bench/plain*.c)
BENCH_FLAGS = -std=c99 -D_GNU_SOURCE -fno-plt $(WARNINGS) $(CFLAGS) \
  $(shell $(PKG_CONFIG) --cflags libcurl libcrypto)

.PHONY: bench
bench: ## measure the core beside plain C (ratios)
	@bench/run

$(BENCH_DIR)/plain: $(BENCH_SOURCES) $(wildcard bench/plain*.h)
	@mkdir -p $(@D)
	$(CC) $(BENCH_FLAGS) -o $@ $(BENCH_SOURCES) $(LIBS)
endif
