/* SPDX-License-Identifier: MIT */
#ifndef AP_CRYPTO_DIGEST_H
#define AP_CRYPTO_DIGEST_H

#include <stddef.h>

#include "base/failure.h"

enum { AP_DIGEST_MAX = 64 };

typedef enum { AP_SHA256, AP_SHA512 } ap_hash;

/* A hasher keeps what OpenSSL would otherwise look up and allocate for each
** digest. One hasher serves one thread. */
typedef struct ap_hasher ap_hasher;

ap_hasher *ap_hasher_new(void);
void ap_hasher_free(ap_hasher *hasher);

/* Stores the digest and its size; or answers 0 where there is no memory. */
int ap_digest(ap_hasher *hasher, ap_hash hash, const void *bytes,
              size_t length, unsigned char out[AP_DIGEST_MAX], unsigned *size);
/* Stores the size in *size, or fails. */
int ap_hmac(ap_hash hash, const void *key, size_t key_length,
            const void *bytes, size_t length, unsigned char out[AP_DIGEST_MAX],
            unsigned *size, ap_failure *failure);

int ap_random(unsigned char *out, size_t length, ap_failure *failure);

#endif
