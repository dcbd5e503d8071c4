/* SPDX-License-Identifier: MIT */
/* The URLs that a transport was asked for last. To parse one costs libcurl as
** much as a tenth of a short request. */
#ifndef AP_HTTP_URL_CACHE_H
#define AP_HTTP_URL_CACHE_H

#include "http/url.h"

enum { AP_URL_CACHE_SIZE = 64 };

typedef struct {
  ap_url *kept[AP_URL_CACHE_SIZE];
} ap_url_cache;

/* As ap_url_open, whose judgement holds as long as `allowed` is the same. */
ap_url *ap_url_cache_open(ap_url_cache *urls, const char *text,
                          const struct curl_slist *allowed,
                          ap_failure *failure);
void ap_url_cache_close(ap_url_cache *urls);

#endif
