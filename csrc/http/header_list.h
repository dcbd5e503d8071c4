/* SPDX-License-Identifier: MIT */
/* The header list of one request, in the form of CURLOPT_HTTPHEADER. */
#ifndef AP_HTTP_HEADER_LIST_H
#define AP_HTTP_HEADER_LIST_H

#include <stddef.h>

#include <curl/curl.h>

#include "base/failure.h"

/* In bytes, a NUL after each line included. libcurl sends at most 1 MiB. */
enum { AP_HEADER_LIST_MAX = 1024 * 1024 };

/* Bits of ap_header_list.has: which of these headers are in the list. */
enum {
  AP_HAS_TYPE = 1,
  AP_HAS_ACCEPT = 2,
  AP_HAS_AGENT = 4,
  AP_HAS_AUTHORIZATION = 8,
  AP_HAS_EXPECT = 16
};

/* All zero is an empty list. The list owns its lines; libcurl only reads
** them, so curl_slist_free_all must not be called on `first`. */
typedef struct {
  struct curl_slist *first, *last;
  size_t length; /* bytes of all lines */
  unsigned has;
} ap_header_list;

/* Each add function returns 0 and sets "too_large" or "out_of_memory" if it
** fails. The caller has checked name and value with header_field.h. */
int ap_header_list_add(ap_header_list *list, const char *name,
                       const char *value, ap_failure *failure);
int ap_header_list_add_bearer(ap_header_list *list, const char *secret,
                              size_t length, ap_failure *failure);
/* Call it last. Adds `user_agent` (NULL: none) unless the list has one, and
** suppresses the headers that libcurl would add by default. */
int ap_header_list_complete(ap_header_list *list, const char *user_agent,
                            int has_body, ap_failure *failure);

/* Wipes all lines and frees them. Idempotent. */
void ap_header_list_free(ap_header_list *list);

#endif
