/* SPDX-License-Identifier: MIT */
#ifndef AP_CRYPTO_JWS_HEADER_H
#define AP_CRYPTO_JWS_HEADER_H

#include <stddef.h>

#include "base/failure.h"

/* Does this JSON object, the header of a JWS, name just this algorithm?
** Refuses what could mean two things: a doubled or escaped name, an "alg"
** that is no plain string, a "crit" extension (RFC 7515 section 4.1.11). */
int ap_jws_header_check(const char *json, size_t length, const char *algorithm,
                        ap_failure *failure);

#endif
