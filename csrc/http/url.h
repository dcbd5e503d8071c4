/* SPDX-License-Identifier: MIT */
/* Where a request goes: judged, and parsed once by libcurl itself. */
#ifndef AP_HTTP_URL_H
#define AP_HTTP_URL_H

#include <stddef.h>

#include <curl/curl.h>

#include "base/failure.h"

typedef enum {
  AP_URL_REFUSED,
  AP_URL_HTTPS,
  AP_URL_LOOPBACK, /* http to this very machine */
  AP_URL_PLAIN     /* http to a host that the caller allowed by name */
} ap_url_kind;

/* No control character, no space: what may stand in a request line. */
int ap_url_is_clean(const char *url, size_t length);

/* A proxy's, as libcurl reads it: without a scheme it is http. */
int ap_url_is_proxy(const char *text);

/* What was judged is what libcurl gets: it never reads the text again. */
typedef struct {
  ap_url_kind kind;
  int has_name; /* and not only an address */
  CURLU *parsed;
  char *text;
  long uses;
} ap_url;

/* Judges and parses; NULL where it is refused. One use is the caller's. */
ap_url *ap_url_open(const char *text, const struct curl_slist *allowed,
                    ap_failure *failure);
ap_url *ap_url_use(ap_url *url);
/* Gives one use back; with the last one it is gone. NULL is allowed. */
void ap_url_drop(ap_url *url);

#endif
