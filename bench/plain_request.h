/* SPDX-License-Identifier: MIT */
/* A request of the plain programs: its handle and its buffer are kept. */
#ifndef AP_BENCH_PLAIN_REQUEST_H
#define AP_BENCH_PLAIN_REQUEST_H

#include <curl/curl.h>

typedef struct {
  CURL *easy;
  char *body;
  size_t length, capacity;
} plain_request;

/* A write callback of libcurl's; `context` is a plain_request. */
size_t plain_append(char *bytes, size_t unit, size_t length, void *context);

#endif
