/* SPDX-License-Identifier: MIT */
#ifndef AP_URL_H
#define AP_URL_H

#include <stddef.h>

#include <curl/curl.h>

#include "fail.h"

typedef enum {
  AP_URL_REFUSED,
  AP_URL_HTTPS,
  AP_URL_LOOPBACK, /* http to this very machine */
  AP_URL_PLAIN     /* http to a host that the caller allowed by name */
} ap_url_kind;

/* No control character, no space: what may stand in a request line. */
int ap_url_is_clean(const char *url, size_t length);
/* Does the host have a name, and not only an address? */
int ap_url_has_name(const char *url);
ap_url_kind ap_url_judge(const char *url, const struct curl_slist *allowed,
                         ap_failure *failure);

#endif
