/* SPDX-License-Identifier: MIT */
/* Headers that were made ready once, for many requests. */
#ifndef AP_HTTP_PREPARED_HEADERS_H
#define AP_HTTP_PREPARED_HEADERS_H

#include <curl/curl.h>

#include "base/failure.h"
#include "http/header_list.h"

typedef struct {
  ap_header_list lines;
  struct curl_slist *list; /* of them, once they are sealed */
  long uses;
} ap_prepared_headers;

/* Without lines, or NULL where there is no memory. One use is the caller's. */
ap_prepared_headers *ap_prepared_headers_new(void);
/* No line is added after this. */
int ap_prepared_headers_seal(ap_prepared_headers *headers,
                             ap_failure *failure);
ap_prepared_headers *ap_prepared_headers_use(ap_prepared_headers *headers);
/* Gives one use back; with the last one all is wiped. NULL is allowed. */
void ap_prepared_headers_drop(ap_prepared_headers *headers);

#endif
