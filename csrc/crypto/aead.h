/* SPDX-License-Identifier: MIT */
/* AES-256-GCM: magic, nonce, ciphertext, tag. */
#ifndef AP_CIPHER_H
#define AP_CIPHER_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/failure.h"

enum { AP_CIPHER_KEY_SIZE = 32, AP_CIPHER_EXTRA = 8 + 12 + 16 };

int ap_cipher_is_sealed(const char *bytes, size_t length);
/* Both append to `out`, which the caller owns. */
int ap_cipher_seal(const unsigned char key[AP_CIPHER_KEY_SIZE],
                   const char *bytes, size_t length, ap_buf *out,
                   ap_failure *failure);
int ap_cipher_open(const unsigned char key[AP_CIPHER_KEY_SIZE],
                   const char *bytes, size_t length, ap_buf *out,
                   ap_failure *failure);

#endif
