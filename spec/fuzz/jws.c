/* SPDX-License-Identifier: MIT */
/* A token that verifies decodes to the same two parts without verification. */
#include "fuzz.h"

#include <string.h>

#include "crypto/jws.h"

/* The key of RFC 7515 appendix A.2, whose token is in the corpus. */
static const char pem[] =
  "-----BEGIN PUBLIC KEY-----\n"
  "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJj\n"
  "NiuSfb4p4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEz\n"
  "P1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo\n"
  "9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTB\n"
  "EMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxX\n"
  "FvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp\n"
  "oQIDAQAB\n"
  "-----END PUBLIC KEY-----\n";

static const ap_rsa_key *public_key(void) {
  static ap_rsa_key *key;
  if (key == NULL) key = ap_rsa_key_public(pem, sizeof pem - 1, NULL);
  MUST(key != NULL);
  return key;
}

typedef struct {
  ap_buffer header, payload;
  ap_failure failure;
} outcome;

static void start(outcome *o) {
  ap_buffer_init(&o->header, AP_JWS_MAX);
  ap_buffer_init(&o->payload, AP_JWS_MAX);
  o->failure.code = NULL;
}

static void end(outcome *o) {
  ap_buffer_free(&o->header);
  ap_buffer_free(&o->payload);
}

static int same(const ap_buffer *a, const ap_buffer *b) {
  return a->length == b->length &&
         (a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}

static void check_verify(const char *token, size_t length) {
  outcome seen, verified;
  start(&seen);
  start(&verified);
  if (ap_jws_verify_signature(public_key(), token, length, &verified.header,
                              &verified.payload, &verified.failure)) {
    MUST(
      ap_jws_peek(token, length, &seen.header, &seen.payload, &seen.failure));
    MUST(same(&seen.header, &verified.header));
    MUST(same(&seen.payload, &verified.payload));
  } else {
    MUST(verified.failure.code != NULL);
  }
  end(&seen);
  end(&verified);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *text = (const char *)data;
  outcome seen;
  start(&seen);
  if (!ap_jws_peek(text, size, &seen.header, &seen.payload, &seen.failure))
    MUST(seen.failure.code != NULL);
  end(&seen);
  check_verify(text, size);
  return 0;
}
