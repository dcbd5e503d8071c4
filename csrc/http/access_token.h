/* SPDX-License-Identifier: MIT */
/* An access token and its life, as a function of a given time. No I/O. */
#ifndef AP_HTTP_ACCESS_TOKEN_H
#define AP_HTTP_ACCESS_TOKEN_H

#include <stddef.h>

#include "base/failure.h"
#include "http/prepared_headers.h"

enum { AP_ACCESS_TOKEN_MAX = 64 * 1024 };

typedef enum {
  AP_ACCESS_TOKEN_FRESH,
  AP_ACCESS_TOKEN_DUE,
  AP_ACCESS_TOKEN_EXPIRED
} ap_access_token_life;

typedef struct {
  ap_prepared_headers *line; /* "Authorization: Bearer ", and the secret */
  const char *secret;
  size_t length;
  double due_at, expires_at; /* monotonic seconds */
} ap_access_token;

/* How long before its end a token is due: `margin` seconds, and a part of
** `jitter` more, so that a thousand devices do not refresh together. */
typedef struct {
  double now, lifetime, margin, jitter;
  double chance; /* 0 up to 1: the part of the jitter */
} ap_access_token_terms;

int ap_access_token_open(ap_access_token *token, const char *secret,
                         size_t length, const ap_access_token_terms *terms,
                         ap_failure *failure);
ap_access_token_life ap_access_token_life_at(const ap_access_token *token,
                                             double now);
/* Wipes, as soon as no request has the token; twice is well. */
void ap_access_token_close(ap_access_token *token);

#endif
