/* SPDX-License-Identifier: MIT */
/* A transport's easy handles. To make one costs a good part of a short
** request, so some are kept. */
#ifndef AP_HTTP_EASY_POOL_H
#define AP_HTTP_EASY_POOL_H

#include <stddef.h>

#include "http/transport_options.h"

enum { AP_EASY_POOL_SIZE = 2048 };

typedef struct {
  const ap_transport_settings *settings;
  CURL *idle; /* the first; each has the next as its CURLOPT_PRIVATE */
  size_t count;
  int keeps;
} ap_easy_pool;

void ap_easy_pool_open(ap_easy_pool *easies,
                       const ap_transport_settings *settings);
void ap_easy_pool_close(ap_easy_pool *easies);
/* One with the transport's settings, or NULL where there is no memory; a new one
** for what must not be repeated. */
CURL *ap_easy_pool_take(ap_easy_pool *easies, int is_new);
/* Takes back one that was taken, or NULL. */
void ap_easy_pool_keep(ap_easy_pool *easies, CURL *easy);

#endif
