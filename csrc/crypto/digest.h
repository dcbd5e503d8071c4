/* SPDX-License-Identifier: MIT */
#ifndef AP_CRYPTO_DIGEST_H
#define AP_CRYPTO_DIGEST_H

#include <stddef.h>

#include "base/failure.h"

enum { AP_DIGEST_MAX = 64 };

typedef enum { AP_SHA256, AP_SHA512 } ap_hash;

/* Keeps the objects that OpenSSL would otherwise look up and allocate for each
** digest. Only one thread at a time may use a hasher. */
typedef struct ap_hasher ap_hasher;

ap_hasher *ap_hasher_new(void);
void ap_hasher_free(ap_hasher *hasher);

/* Stores the digest and its size; returns 0 if out of memory. */
int ap_digest(ap_hasher *hasher, ap_hash hash, const void *bytes,
              size_t length, unsigned char out[AP_DIGEST_MAX], unsigned *size);
/* Stores the HMAC and its size; returns 0 with "out_of_memory". */
int ap_hmac(ap_hash hash, const void *key, size_t key_length,
            const void *bytes, size_t length, unsigned char out[AP_DIGEST_MAX],
            unsigned *size, ap_failure *failure);

/* Fills `out` with random bytes fit for secrets; returns 0 with
** "no_randomness". */
int ap_random(unsigned char *out, size_t length, ap_failure *failure);

#endif
