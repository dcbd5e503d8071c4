/* SPDX-License-Identifier: MIT */
/* An accepted key is an RSA key of sufficient length that works. A private
** key is never read as a public one. No passphrase is requested. */
#include "fuzz.h"

#include <string.h>

#include "crypto/rsa_key.h"

static const char text[] = "signed";

static void check_failure(const ap_failure *failure) {
  MUST(failure->code != NULL && failure->message[0] != '\0');
  MUST(strcmp(failure->code, "invalid_key") == 0 ||
       strcmp(failure->code, "weak_key") == 0);
}

static void check_common(const ap_rsa_key *key, int is_private) {
  MUST(ap_rsa_key_bits(key) >= 2048);
  MUST(ap_rsa_key_is_private(key) == is_private);
  MUST(ap_rsa_key_size(key) >= 256);
}

/* Signing returns a signature, or sign_failed with a damaged key. */
static void check_sign(const ap_rsa_key *key) {
  ap_failure failure = { NULL, "" };
  size_t size = 0, room = ap_rsa_key_size(key);
  unsigned char *signature = malloc(room);
  MUST(signature != NULL);
  if (ap_rsa_key_sign(key, text, sizeof text, signature, &size, &failure))
    MUST(size <= room);
  else MUST(strcmp(failure.code, "sign_failed") == 0);
  free(signature);
}

static void check_public_only(const ap_rsa_key *key) {
  ap_failure failure = { NULL, "" };
  size_t size = 0, room = ap_rsa_key_size(key);
  unsigned char *out = calloc(1, room);
  MUST(out != NULL);
  MUST(!ap_rsa_key_sign(key, text, sizeof text, out, &size, &failure));
  MUST(strcmp(failure.code, "private_key_needed") == 0);
  MUST(!ap_rsa_key_verify(key, text, sizeof text, out, room, &failure));
  free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  ap_failure failure = { NULL, "" };
  ap_rsa_key *key =
    ap_rsa_key_private((const char *)data, size, NULL, &failure);
  /* OpenSSL is slow with very long keys, so only keys up to 4096 bits sign. */
  if (key != NULL) {
    check_common(key, 1);
    if (ap_rsa_key_bits(key) <= 4096) check_sign(key);
  } else {
    check_failure(&failure);
  }
  ap_rsa_key_free(key);
  failure.code = NULL;
  key = ap_rsa_key_public((const char *)data, size, &failure);
  if (key != NULL) {
    check_common(key, 0);
    if (ap_rsa_key_bits(key) <= 4096) check_public_only(key);
  } else {
    check_failure(&failure);
  }
  ap_rsa_key_free(key);
  return 0;
}
