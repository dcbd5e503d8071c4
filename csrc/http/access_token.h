/* SPDX-License-Identifier: MIT */
/* An access token and its life, as a function of a given time. No I/O. */
#ifndef AP_TOKEN_H
#define AP_TOKEN_H

#include <stddef.h>

#include "base/failure.h"
#include "http/prepared_headers.h"

enum { AP_TOKEN_MAX = 64 * 1024 };

typedef enum { AP_TOKEN_FRESH, AP_TOKEN_DUE, AP_TOKEN_EXPIRED } ap_token_life;

typedef struct {
  ap_headers *line; /* "Authorization: Bearer ", and the secret */
  const char *secret;
  size_t length;
  double due_at, expires_at; /* monotonic seconds */
} ap_token;

/* How long before its end a token is due: `margin` seconds, and a part of
** `jitter` more, so that a thousand devices do not refresh together. */
typedef struct {
  double now, lifetime, margin, jitter;
  double chance; /* 0 up to 1: the part of the jitter */
} ap_token_terms;

int ap_token_open(ap_token *token, const char *secret, size_t length,
                  const ap_token_terms *terms, ap_failure *failure);
ap_token_life ap_token_life_at(const ap_token *token, double now);
/* Wipes, as soon as no request has the token; twice is well. */
void ap_token_close(ap_token *token);

#endif
