# SPDX-License-Identifier: MIT
# `make kill` kills (SIGKILL) and stops (SIGSTOP) two processes on one file store,
# and the workers of two nginx hosts on one Redis, at random times, and checks
# that no device loses its credentials. See docs/credentials.md.
#   KILLS=1000   number of kills of each of the two
#   STOPS=200    number of stops of each, each longer than a lock lives
#   SEED=1       selects the devices' faults and times
#   PART=        processes or hosts: only this part

.PHONY: kill
kill: test-deps cores ## kill and stop processes at random times: KILLS=n STOPS=n SEED=n
	@$(call environment,$(LUA)) $(LUA) spec/kill/main.lua $(or $(KILLS),1000) \
	  $(or $(STOPS),200) $(SEED) "$(PART)"
