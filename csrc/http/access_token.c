/* SPDX-License-Identifier: MIT */
#include "http/access_token.h"

#include <string.h>

#include "base/buffer.h"

/* RFC 6750 section 2.1 allows visible ASCII only. */
static int is_sendable(const char *secret, size_t length) {
  size_t i;
  for (i = 0; i < length; i++) {
    unsigned char c = (unsigned char)secret[i];
    if (c <= 0x20 || c >= 0x7f) return 0;
  }
  return length > 0 && length <= AP_ACCESS_TOKEN_MAX;
}

/* Seconds before its end at which a token is due: at most half of its life. */
static double lead_of(const ap_access_token_terms *terms) {
  double lead = terms->margin + terms->jitter * terms->chance;
  double most = terms->lifetime / 2;
  return lead < most ? lead : most;
}

int ap_access_token_open(ap_access_token *token, const char *secret,
                         size_t length, const ap_access_token_terms *terms,
                         ap_failure *failure) {
  if (!is_sendable(secret, length))
    return ap_failure_set(
      failure, "malformed_response",
      "The response's access_token is empty, longer than 64 KiB or not "
      "visible ASCII.");
  token->secret = ap_copy(secret, length);
  if (token->secret == NULL) return ap_failure_no_memory(failure);
  token->length = length;
  token->expires_at = terms->now + terms->lifetime;
  token->due_at = token->expires_at - lead_of(terms);
  return 1;
}

ap_access_token_life ap_access_token_life_at(const ap_access_token *token,
                                             double now) {
  if (now >= token->expires_at) return AP_ACCESS_TOKEN_EXPIRED;
  return now >= token->due_at ? AP_ACCESS_TOKEN_DUE : AP_ACCESS_TOKEN_FRESH;
}

void ap_access_token_close(ap_access_token *token) {
  ap_wipe_free(token->secret, token->length);
  memset(token, 0, sizeof *token);
}
