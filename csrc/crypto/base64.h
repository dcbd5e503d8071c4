/* SPDX-License-Identifier: MIT */
/* Strict base64 (RFC 4648 section 4, padded) and base64url (section 5,
** unpadded): no white space, unused bits are zero, so each value has exactly
** one encoding. */
#ifndef AP_CRYPTO_BASE64_H
#define AP_CRYPTO_BASE64_H

#include <stddef.h>

typedef enum { AP_BASE64, AP_BASE64URL } ap_base64_kind;

size_t ap_base64_encoded_size(ap_base64_kind kind, size_t length);
/* Returns an upper bound; ap_base64_decode stores the exact size. */
size_t ap_base64_decoded_bound(size_t length);

/* `out` must hold ap_base64_encoded_size bytes; no NUL is added. */
void ap_base64_encode(ap_base64_kind kind, const unsigned char *bytes,
                      size_t length, char *out);
/* Returns 0 if `text` is not a valid encoding. */
int ap_base64_decode(ap_base64_kind kind, const char *text, size_t length,
                     unsigned char *out, size_t *out_length);

#endif
