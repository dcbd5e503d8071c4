/* SPDX-License-Identifier: MIT */
#include "base/handle_count.h"

static long counts[AP_LIVE_KINDS];

/* Lua states in several threads share these counts. */
void ap_live_add(ap_live_kind kind, long change) {
  (void)__sync_fetch_and_add(&counts[kind], change);
}

long ap_live_count(ap_live_kind kind) {
  return __sync_fetch_and_add(&counts[kind], 0);
}
