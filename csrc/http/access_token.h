/* SPDX-License-Identifier: MIT */
/* An access token and its expiry. Reads no clock: the caller passes the
** time. */
#ifndef AP_HTTP_ACCESS_TOKEN_H
#define AP_HTTP_ACCESS_TOKEN_H

#include <stddef.h>

#include "base/failure.h"

enum { AP_ACCESS_TOKEN_MAX = 64 * 1024 };

typedef enum {
  AP_ACCESS_TOKEN_FRESH,
  AP_ACCESS_TOKEN_DUE,
  AP_ACCESS_TOKEN_EXPIRED
} ap_access_token_life;

typedef struct {
  char *secret; /* NULL: closed */
  size_t length;
  double due_at, expires_at; /* monotonic seconds */
} ap_access_token;

/* A token is due `margin` + `chance` * `jitter` seconds before its end, but not
** before half of its lifetime has passed. The jitter keeps many devices from
** refreshing at the same time. */
typedef struct {
  double now, lifetime, margin, jitter; /* seconds */
  double chance;                        /* 0 to 1 */
} ap_access_token_terms;

/* Copies the secret. Returns 0 and sets "malformed_response" if a header cannot
** carry it, or "out_of_memory". */
int ap_access_token_open(ap_access_token *token, const char *secret,
                         size_t length, const ap_access_token_terms *terms,
                         ap_failure *failure);
ap_access_token_life ap_access_token_life_at(const ap_access_token *token,
                                             double now);
/* Wipes and frees the secret. Idempotent. Requests have their own copy. */
void ap_access_token_close(ap_access_token *token);

#endif
