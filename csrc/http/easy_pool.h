/* SPDX-License-Identifier: MIT */
/* Idle easy handles of one transport, for reuse: creating one takes a third of
** the CPU time of a short request (docs/performance.md). */
#ifndef AP_HTTP_EASY_POOL_H
#define AP_HTTP_EASY_POOL_H

#include <stddef.h>

#include "base/failure.h"
#include "http/transport_options.h"

enum { AP_EASY_POOL_SIZE = 2048 };

typedef struct {
  const ap_transport_settings *settings;
  CURL *idle; /* linked by CURLOPT_PRIVATE */
  size_t count;
  int keeps, guards_fold;
} ap_easy_pool;

void ap_easy_pool_open(ap_easy_pool *pool,
                       const ap_transport_settings *settings);
void ap_easy_pool_close(ap_easy_pool *pool);
/* Returns a handle with the transport's settings, a new one if `is_new`; NULL
** with `failure`. */
CURL *ap_easy_pool_take(ap_easy_pool *pool, int is_new, ap_failure *failure);
/* Returns a handle to the pool; NULL is allowed. */
void ap_easy_pool_keep(ap_easy_pool *pool, CURL *easy);

#endif
