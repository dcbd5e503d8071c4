/* SPDX-License-Identifier: MIT */
#include "http/access_token.h"

#include <string.h>

/* Visible ASCII, as RFC 6750 section 2.1 has it and a header can carry. */
static int is_sendable(const char *secret, size_t length) {
  size_t i;
  for (i = 0; i < length; i++) {
    unsigned char c = (unsigned char)secret[i];
    if (c <= 0x20 || c >= 0x7f) return 0;
  }
  return length > 0 && length <= AP_ACCESS_TOKEN_MAX;
}

/* A token is never due before half of its life is over, however short. */
static double lead_of(const ap_access_token_terms *terms) {
  double lead = terms->margin + terms->jitter * terms->chance;
  double most = terms->lifetime / 2;
  return lead < most ? lead : most;
}

static int make_line(ap_access_token *token, const char *secret, size_t length,
                     ap_failure *failure) {
  ap_prepared_headers *line = ap_prepared_headers_new();
  if (line == NULL) return ap_failure_no_memory(failure);
  if (ap_header_list_add_bearer(&line->lines, secret, length, failure) &&
      ap_prepared_headers_seal(line, failure)) {
    token->line = line;
    return 1;
  }
  ap_prepared_headers_drop(line);
  return 0;
}

int ap_access_token_open(ap_access_token *token, const char *secret,
                         size_t length, const ap_access_token_terms *terms,
                         ap_failure *failure) {
  if (!is_sendable(secret, length))
    return ap_failure_set(
      failure, "malformed_response",
      "The answer's access_token is not one that can be sent.");
  if (!make_line(token, secret, length, failure)) return 0;
  token->secret = ap_header_list_bearer(&token->line->lines);
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
  ap_prepared_headers_drop(token->line);
  memset(token, 0, sizeof *token);
}
