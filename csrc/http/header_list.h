/* SPDX-License-Identifier: MIT */
/* The lines of a request's head, as libcurl takes them. */
#ifndef AP_HTTP_HEADER_LIST_H
#define AP_HTTP_HEADER_LIST_H

#include <stddef.h>

#include <curl/curl.h>

#include "base/buffer.h"
#include "base/failure.h"

/* libcurl itself sends no longer head. */
enum { AP_HEADER_LIST_MAX = 1024 * 1024 };

/* Headers whose being there matters to the others. */
enum {
  AP_HAS_TYPE = 1,
  AP_HAS_ACCEPT = 2,
  AP_HAS_AGENT = 4,
  AP_HAS_AUTHORIZATION = 8,
  AP_HAS_EXPECT = 16
};

typedef struct {
  ap_buffer text; /* a NUL after each line */
  size_t count;
  unsigned has;
} ap_header_list;

void ap_header_list_init(ap_header_list *lines);
/* Wipes; twice is well. */
void ap_header_list_free(ap_header_list *lines);

/* "too_large". */
int ap_header_list_fail(ap_failure *failure);
/* Name and value have been checked with header.h. */
int ap_header_list_add(ap_header_list *lines, const char *name,
                       const char *value, ap_failure *failure);
int ap_header_list_add_bearer(ap_header_list *lines, const char *secret,
                              size_t length, ap_failure *failure);
/* The secret of lines whose first one is a bearer's. */
const char *ap_header_list_bearer(const ap_header_list *lines);
/* Keeps libcurl from sending a header of its own. */
int ap_header_list_leave_out(ap_header_list *lines, const char *name,
                             ap_failure *failure);

/* Stores a list of the lines, and `rest` behind them; it is good as long as
** they stand. The caller frees what is stored in `made`, where there is one. */
int ap_header_list_link(const ap_header_list *lines, struct curl_slist *rest,
                        struct curl_slist **made, ap_failure *failure);

#endif
