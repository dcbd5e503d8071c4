/* SPDX-License-Identifier: MIT */
/* JSON Web Signatures in the compact form (RFC 7515), RS256 only. */
#ifndef AP_CRYPTO_JWS_H
#define AP_CRYPTO_JWS_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/failure.h"
#include "crypto/rsa_key.h"

enum { AP_JWS_MAX = 64 * 1024 };

/* Signs a header and a payload. Each function appends its results to buffers that
** the caller owns. */
int ap_jws_sign(const ap_rsa_key *key, const char *header,
                size_t header_length, const char *payload,
                size_t payload_length, ap_buffer *out, ap_failure *failure);
/* Verifies the RS256 signature and decodes both parts. The caller must check the
** header: this function does not read "alg" and "crit". */
int ap_jws_verify_signature(const ap_rsa_key *key, const char *token,
                            size_t length, ap_buffer *header,
                            ap_buffer *payload, ap_failure *failure);
/* Decodes without verification: the results must not be trusted. */
int ap_jws_peek(const char *token, size_t length, ap_buffer *header,
                ap_buffer *payload, ap_failure *failure);

#endif
