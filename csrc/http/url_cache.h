/* SPDX-License-Identifier: MIT */
/* The URLs that a session was asked for last. To parse one costs libcurl as
** much as a tenth of a short request. */
#ifndef AP_URLS_H
#define AP_URLS_H

#include "http/url.h"

enum { AP_URLS = 64 };

typedef struct {
  ap_url *kept[AP_URLS];
} ap_urls;

/* As ap_url_open, whose judgement holds as long as `allowed` is the same. */
ap_url *ap_urls_open(ap_urls *urls, const char *text,
                     const struct curl_slist *allowed, ap_failure *failure);
void ap_urls_close(ap_urls *urls);

#endif
