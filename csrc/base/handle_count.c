/* SPDX-License-Identifier: MIT */
#include "base/handle_count.h"

static long counts[AP_HANDLE_KINDS];

/* Atomic: Lua states in several threads share these counts. */
void ap_handle_count_add(ap_handle_kind kind, long change) {
  (void)__sync_fetch_and_add(&counts[kind], change);
}

long ap_handle_count_get(ap_handle_kind kind) {
  return __sync_fetch_and_add(&counts[kind], 0);
}
