# SPDX-License-Identifier: MIT
# What is kept of every run, and the page that is made of it: bench/REPORT.md.

ifndef EVIDENCE
EVIDENCE := bench/REPORT.md
MINUTES ?= 30

GUARD := build/lua5.4/allocations.so
$(GUARD): spec/guard/allocations.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -shared -o $@ $<

.PHONY: guards
guards: ## instructions, allocations, requests: measured and their ceilings
	@$(MAKE) --no-print-directory -s LUA=lua5.4 all $(GUARD)
	@env $(call environment,lua5.4) lua5.4 spec/guard/show.lua

build/bench/more: bench/more.c bench/plain_request.c bench/plain_request.h
	@mkdir -p $(@D)
	$(CC) -std=c99 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) \
	  $(shell $(PKG_CONFIG) --cflags $(LIBRARIES)) -o $@ $(filter %.c,$^) $(LIBS)

.PHONY: soak
soak: ## 10,000 devices at a steady load (MINUTES=30)
	@MINUTES=$(MINUTES) bench/soak

.PHONY: report
report: ## make bench/REPORT.md of the newest runs (bench/report all: run all)
	@bench/report
endif
