# SPDX-License-Identifier: MIT
# `make mutation` changes one line of the module at a time and runs the specs
# that execute this line. A change that no spec notices shows a missing test.
# Results are kept in build/mutation; an interrupted run resumes. The coverage map
# takes about 20 minutes and is kept until the tree changes; a run of 120 mutants
# then takes about 15. See RESULTS.md for the last figures.
#   N=120      number of mutants
#   SEED=1     selects the sample of mutants
#   JOBS       number of parallel workers
#   LIMIT=60   seconds of specs (measured on the unchanged tree) per mutant

.PHONY: mutation mutation-environment mutation-compiler
mutation: test-deps ## change single lines; report changes that no spec notices
	@LUA_PATH="$(CURDIR)/?.lua;;" lua5.4 spec/mutation/main.lua run \
	  $(or $(N),120) $(or $(SEED),1) $(JOBS) $(or $(LIMIT),60)

# Used by the tool: how specs run in this tree, and how a C file is compiled.
mutation-environment:
	@printf '%s\n' '$(call environment,lua5.4)'

mutation-compiler:
	@printf '%s\n' '$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL)'
