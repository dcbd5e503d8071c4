/* SPDX-License-Identifier: MIT */
/* An accepted token is a valid header value. It expires after its lifetime, and
** is due for refresh in the second half of it. */
#include "fuzz.h"

#include <string.h>

#include "http/header_field.h"
#include "http/access_token.h"

enum { NUMBERS = 4 };

/* Returns a number from 0 to 1e6, the range that the binding accepts. */
static double number(const uint8_t *data) {
  return (data[0] * 65536.0 + data[1] * 256.0 + data[2]) / 16.777215;
}

static void check_life(const ap_access_token *token,
                       const ap_access_token_terms *terms) {
  double end = terms->now + terms->lifetime;
  MUST(token->expires_at == end);
  MUST(token->due_at <= end);
  MUST(token->due_at >= terms->now + terms->lifetime / 2 - 1e-6);
  MUST(ap_access_token_life_at(token, end) == AP_ACCESS_TOKEN_EXPIRED);
  MUST(ap_access_token_life_at(token, end + 1) == AP_ACCESS_TOKEN_EXPIRED);
  if (token->due_at < end)
    MUST(ap_access_token_life_at(token, token->due_at) == AP_ACCESS_TOKEN_DUE);
  if (terms->now < token->due_at)
    MUST(ap_access_token_life_at(token, terms->now) == AP_ACCESS_TOKEN_FRESH);
}

static void check_secret(const ap_access_token *token, const uint8_t *data,
                         size_t size) {
  MUST(token->length == size && size > 0 && size <= AP_ACCESS_TOKEN_MAX);
  MUST(memcmp(token->secret, data, size) == 0);
  MUST(strlen(token->secret) == size);
  MUST(ap_header_field_is_value(token->secret, size));
  MUST(strchr(token->secret, ' ') == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  ap_access_token_terms terms;
  ap_access_token token;
  ap_failure failure = { NULL, "" };
  if (size < 3 * NUMBERS + 1) return 0;
  terms.now = number(data);
  terms.lifetime = number(data + 3);
  terms.margin = number(data + 6);
  terms.jitter = number(data + 9);
  terms.chance = data[12] / 256.0;
  data += 3 * NUMBERS + 1;
  size -= 3 * NUMBERS + 1;
  if (!ap_access_token_open(&token, (const char *)data, size, &terms,
                            &failure)) {
    MUST(strcmp(failure.code, "malformed_response") == 0);
    return 0;
  }
  check_secret(&token, data, size);
  check_life(&token, &terms);
  ap_access_token_close(&token);
  ap_access_token_close(&token);
  MUST(token.secret == NULL);
  return 0;
}
