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
  return length > 0 && length <= AP_TOKEN_MAX;
}

/* A token is never due before half of its life is over, however short. */
static double lead_of(const ap_token_terms *terms) {
  double lead = terms->margin + terms->jitter * terms->chance;
  double most = terms->lifetime / 2;
  return lead < most ? lead : most;
}

static int make_line(ap_token *token, const char *secret, size_t length,
                     ap_failure *failure) {
  ap_headers *line = ap_headers_new();
  if (line == NULL) return ap_fail_memory(failure);
  if (ap_lines_add_bearer(&line->lines, secret, length, failure) &&
      ap_headers_seal(line, failure)) {
    token->line = line;
    return 1;
  }
  ap_headers_drop(line);
  return 0;
}

int ap_token_open(ap_token *token, const char *secret, size_t length,
                  const ap_token_terms *terms, ap_failure *failure) {
  if (!is_sendable(secret, length))
    return ap_fail(failure, "malformed_answer",
                   "The answer's access_token is not one that can be sent.");
  if (!make_line(token, secret, length, failure)) return 0;
  token->secret = ap_lines_bearer(&token->line->lines);
  token->length = length;
  token->expires_at = terms->now + terms->lifetime;
  token->due_at = token->expires_at - lead_of(terms);
  return 1;
}

ap_token_life ap_token_life_at(const ap_token *token, double now) {
  if (now >= token->expires_at) return AP_TOKEN_EXPIRED;
  return now >= token->due_at ? AP_TOKEN_DUE : AP_TOKEN_FRESH;
}

void ap_token_close(ap_token *token) {
  ap_headers_drop(token->line);
  memset(token, 0, sizeof *token);
}
