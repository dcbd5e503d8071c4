/* SPDX-License-Identifier: MIT */
/* A session's easy handles. To make one costs a good part of a short
** request, so some are kept. */
#ifndef AP_EASIES_H
#define AP_EASIES_H

#include <stddef.h>

#include "http/transport_options.h"

enum { AP_EASIES = 2048 };

typedef struct {
  const ap_settings *settings;
  CURL *idle; /* the first; each has the next as its CURLOPT_PRIVATE */
  size_t count;
  int keeps;
} ap_easies;

void ap_easies_open(ap_easies *easies, const ap_settings *settings);
void ap_easies_close(ap_easies *easies);
/* One with the session's settings, or NULL where there is no memory; a new one
** for what must not be repeated. */
CURL *ap_easies_take(ap_easies *easies, int is_new);
/* Takes back one that was taken, or NULL. */
void ap_easies_keep(ap_easies *easies, CURL *easy);

#endif
