/* SPDX-License-Identifier: MIT */
/* Headers that were made ready once, for many requests. */
#ifndef AP_HEADERS_H
#define AP_HEADERS_H

#include <curl/curl.h>

#include "base/failure.h"
#include "http/header_list.h"

typedef struct {
  ap_lines lines;
  struct curl_slist *list; /* of them, once they are sealed */
  long uses;
} ap_headers;

/* Without lines, or NULL where there is no memory. One use is the caller's. */
ap_headers *ap_headers_new(void);
/* No line is added after this. */
int ap_headers_seal(ap_headers *headers, ap_failure *failure);
ap_headers *ap_headers_use(ap_headers *headers);
/* Gives one use back; with the last one all is wiped. NULL is allowed. */
void ap_headers_drop(ap_headers *headers);

#endif
