/* SPDX-License-Identifier: MIT */
/* RSA keys, parsed once. */
#ifndef AP_CRYPTO_RSA_KEY_H
#define AP_CRYPTO_RSA_KEY_H

#include <stddef.h>

#include "base/failure.h"

typedef struct ap_rsa_key ap_rsa_key;

typedef enum {
  AP_PADDING_PKCS1,
  AP_PADDING_OAEP, /* SHA-1, the default of RFC 8017 */
  AP_PADDING_OAEP_SHA256
} ap_padding;

/* Reads a PEM private key. The passphrase may be NULL; then reading an
** encrypted key fails, and OpenSSL does not prompt for one. Returns NULL with
** "invalid_key", "weak_key" or "out_of_memory". */
ap_rsa_key *ap_rsa_key_private(const char *pem, size_t length,
                               const char *passphrase, ap_failure *failure);
/* Reads a PEM public key, or the public key of a PEM certificate. */
ap_rsa_key *ap_rsa_key_public(const char *pem, size_t length,
                              ap_failure *failure);
void ap_rsa_key_free(ap_rsa_key *key);

int ap_rsa_key_bits(const ap_rsa_key *key);
int ap_rsa_key_is_private(const ap_rsa_key *key);
/* Returns the size in bytes of a signature or a ciphertext. */
size_t ap_rsa_key_size(const ap_rsa_key *key);

/* Signs bytes, or verifies their signature (SHA256withRSA, PKCS#1 v1.5). When
** signing, `signature` must have room for ap_rsa_key_size bytes. */
int ap_rsa_key_sign(const ap_rsa_key *key, const void *bytes, size_t length,
                    unsigned char *signature, size_t *size,
                    ap_failure *failure);
int ap_rsa_key_verify(const ap_rsa_key *key, const void *bytes, size_t length,
                      const unsigned char *signature, size_t size,
                      ap_failure *failure);

/* Encrypts or decrypts a short text. `out` must have room for ap_rsa_key_size
** bytes. */
int ap_rsa_key_encrypt(const ap_rsa_key *key, ap_padding padding,
                       const void *bytes, size_t length, unsigned char *out,
                       size_t *size, ap_failure *failure);
int ap_rsa_key_decrypt(const ap_rsa_key *key, ap_padding padding,
                       const void *bytes, size_t length, unsigned char *out,
                       size_t *size, ap_failure *failure);

#endif
