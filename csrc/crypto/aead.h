/* SPDX-License-Identifier: MIT */
/* AES-256-GCM. The encrypted form is an 8-byte magic number, the 12-byte nonce,
** the ciphertext and the 16-byte tag. */
#ifndef AP_CRYPTO_AEAD_H
#define AP_CRYPTO_AEAD_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/failure.h"

enum { AP_AEAD_KEY_SIZE = 32, AP_AEAD_EXTRA = 8 + 12 + 16 };

/* Returns whether the bytes begin with the magic number. */
int ap_aead_is_sealed(const char *bytes, size_t length);
/* Encrypts, or decrypts, and appends the result to `out`, which the caller
** owns. Returns 0 with "too_large", "out_of_memory", "no_randomness" or
** "decrypt_failed". */
int ap_aead_seal(const unsigned char key[AP_AEAD_KEY_SIZE], const char *bytes,
                 size_t length, ap_buffer *out, ap_failure *failure);
int ap_aead_open(const unsigned char key[AP_AEAD_KEY_SIZE], const char *bytes,
                 size_t length, ap_buffer *out, ap_failure *failure);

#endif
