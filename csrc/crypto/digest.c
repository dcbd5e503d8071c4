/* SPDX-License-Identifier: MIT */
#include "crypto/digest.h"

#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

static const char *const names[] = { "SHA256", "SHA512" };

/* A digest is initialized once and copied for each string, which is faster in
** OpenSSL than initializing it again. */
struct ap_hasher {
  EVP_MD_CTX *begun[2];
  EVP_MD_CTX *copies[2];
};

static int begin(ap_hasher *hasher, ap_hash hash) {
  EVP_MD *digest = EVP_MD_fetch(NULL, names[hash], NULL);
  EVP_MD_CTX *begun = hasher->begun[hash] = EVP_MD_CTX_new();
  EVP_MD_CTX *copy = hasher->copies[hash] = EVP_MD_CTX_new();
  int ok = digest != NULL && begun != NULL && copy != NULL &&
           EVP_DigestInit_ex2(begun, digest, NULL) == 1;
  EVP_MD_free(digest);
  return ok;
}

ap_hasher *ap_hasher_new(void) {
  ap_hasher *hasher = calloc(1, sizeof *hasher);
  if (hasher == NULL) return NULL;
  if (begin(hasher, AP_SHA256) && begin(hasher, AP_SHA512)) return hasher;
  ap_hasher_free(hasher);
  return NULL;
}

void ap_hasher_free(ap_hasher *hasher) {
  int hash;
  if (hasher == NULL) return;
  for (hash = AP_SHA256; hash <= AP_SHA512; hash++) {
    EVP_MD_CTX_free(hasher->begun[hash]);
    EVP_MD_CTX_free(hasher->copies[hash]);
  }
  free(hasher);
}

int ap_digest(ap_hasher *hasher, ap_hash hash, const void *bytes,
              size_t length, unsigned char out[AP_DIGEST_MAX],
              unsigned *size) {
  EVP_MD_CTX *copy = hasher->copies[hash];
  return EVP_MD_CTX_copy_ex(copy, hasher->begun[hash]) == 1 &&
         EVP_DigestUpdate(copy, bytes, length) == 1 &&
         EVP_DigestFinal_ex(copy, out, size) == 1;
}

int ap_hmac(ap_hash hash, const void *key, size_t key_length,
            const void *bytes, size_t length, unsigned char out[AP_DIGEST_MAX],
            unsigned *size, ap_failure *failure) {
  size_t written = 0;
  if (EVP_Q_mac(NULL, "HMAC", NULL, names[hash], NULL, key, key_length, bytes,
                length, out, AP_DIGEST_MAX, &written) == NULL)
    return ap_failure_no_memory(failure);
  *size = (unsigned)written;
  return 1;
}

int ap_random(unsigned char *out, size_t length, ap_failure *failure) {
  if (RAND_bytes_ex(NULL, out, length, 0) == 1) return 1;
  return ap_failure_set(failure, "no_randomness",
                        "The system returned no random numbers.");
}
