# SPDX-License-Identifier: MIT
# Guards, soak, and the report of all benchmarks; see bench/README.md.

MINUTES ?= 30

GUARD := build/lua5.4/allocations.so
$(GUARD): spec/guard/allocations.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -shared -o $@ $<

.PHONY: guards
guards: ## count instructions, allocations and requests; compare with ceilings
	@$(MAKE) --no-print-directory -s LUA=lua5.4 all $(GUARD)
	@env $(call environment,lua5.4) lua5.4 spec/guard/show.lua

.PHONY: soak
soak: ## run 10,000 devices under a steady load (MINUTES=30)
	@MINUTES=$(MINUTES) bench/soak

.PHONY: report
report: ## write bench/REPORT.md (bench/report all: run all benchmarks first)
	@bench/report
