# SPDX-License-Identifier: MIT
# What is kept of every run, and the page that is made of it: bench/REPORT.md.

ifndef EVIDENCE
EVIDENCE := bench/REPORT.md
MINUTES ?= 30

.PHONY: soak
soak: ## 10,000 devices at a steady load (MINUTES=30)
	@MINUTES=$(MINUTES) bench/soak

.PHONY: report
report: ## make bench/REPORT.md of the newest runs (bench/report all: run all)
	@bench/report
endif
