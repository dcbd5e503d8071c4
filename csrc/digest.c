/* SPDX-License-Identifier: MIT */
#include "digest.h"

#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

static const char *const names[] = { "SHA256", "SHA512" };

struct ap_hasher {
  EVP_MD_CTX *context;
  EVP_MD *digests[2];
  unsigned char out[AP_DIGEST_MAX];
};

ap_hasher *ap_hasher_new(void) {
  ap_hasher *hasher = calloc(1, sizeof *hasher);
  if (hasher == NULL) return NULL;
  hasher->context = EVP_MD_CTX_new();
  hasher->digests[AP_SHA256] = EVP_MD_fetch(NULL, names[AP_SHA256], NULL);
  hasher->digests[AP_SHA512] = EVP_MD_fetch(NULL, names[AP_SHA512], NULL);
  if (hasher->context != NULL && hasher->digests[AP_SHA256] != NULL &&
      hasher->digests[AP_SHA512] != NULL)
    return hasher;
  ap_hasher_free(hasher);
  return NULL;
}

void ap_hasher_free(ap_hasher *hasher) {
  if (hasher == NULL) return;
  EVP_MD_CTX_free(hasher->context);
  EVP_MD_free(hasher->digests[AP_SHA256]);
  EVP_MD_free(hasher->digests[AP_SHA512]);
  free(hasher);
}

const unsigned char *ap_digest(ap_hasher *hasher, ap_hash hash,
                               const void *bytes, size_t length,
                               unsigned *size) {
  EVP_MD_CTX *context = hasher->context;
  if (EVP_DigestInit_ex2(context, hasher->digests[hash], NULL) == 1 &&
      EVP_DigestUpdate(context, bytes, length) == 1 &&
      EVP_DigestFinal_ex(context, hasher->out, size) == 1)
    return hasher->out;
  return NULL;
}

int ap_hmac(ap_hash hash, const void *key, size_t key_length,
            const void *bytes, size_t length,
            unsigned char out[AP_DIGEST_MAX], unsigned *size,
            ap_failure *failure) {
  size_t written = 0;
  if (EVP_Q_mac(NULL, "HMAC", NULL, names[hash], NULL, key, key_length, bytes,
                length, out, AP_DIGEST_MAX, &written) == NULL)
    return ap_fail_memory(failure);
  *size = (unsigned)written;
  return 1;
}

int ap_random(unsigned char *out, size_t length, ap_failure *failure) {
  if (RAND_bytes_ex(NULL, out, length, 0) == 1) return 1;
  return ap_fail(failure, "no_randomness",
                 "The system gave no random numbers.");
}
