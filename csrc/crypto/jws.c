/* SPDX-License-Identifier: MIT */
#include "crypto/jws.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/base64.h"

typedef struct {
  const char *part[3];
  size_t length[3];
} parts;

static int bad_token(ap_failure *failure) {
  return ap_failure_set(
    failure, "invalid_token",
    "The text is not a signed token: expected three base64url parts "
    "separated by dots, at most 64 KiB.");
}

static size_t count_dots(const char *token, size_t length) {
  const char *end = token + length;
  size_t dots = 0;
  while ((token = memchr(token, '.', (size_t)(end - token))) != NULL) {
    dots++;
    token++;
  }
  return dots;
}

static int split(const char *token, size_t length, parts *out,
                 ap_failure *failure) {
  size_t dots = length <= AP_JWS_MAX ? count_dots(token, length) : 0;
  int i;
  if (dots == 4)
    return ap_failure_set(
      failure, "encrypted_token",
      "The token is encrypted (JWE), which is not supported.");
  if (dots != 2) return bad_token(failure);
  for (i = 0; i < 3; i++) {
    const char *dot = memchr(token, '.', length);
    out->part[i] = token;
    out->length[i] = dot != NULL ? (size_t)(dot - token) : length;
    token += out->length[i] + 1;
    length -= out->length[i] + (dot != NULL);
  }
  return 1;
}

static int make_room(ap_buffer *out, size_t length, ap_failure *failure) {
  return ap_buffer_check(ap_buffer_reserve(out, length),
                         "The token would be larger than 64 KiB.", failure);
}

static int append(ap_buffer *out, const void *bytes, size_t length,
                  ap_failure *failure) {
  if (!make_room(out, length, failure)) return 0;
  return ap_buffer_append(out, bytes, length) == AP_BUFFER_OK;
}

static int decode_part(const parts *p, int i, ap_buffer *out,
                       ap_failure *failure) {
  size_t size = ap_base64_decoded_bound(p->length[i]), decoded = 0;
  unsigned char *room;
  if (!make_room(out, size, failure)) return 0;
  room = (unsigned char *)out->data + out->length;
  if (!ap_base64_decode(AP_BASE64URL, p->part[i], p->length[i], room,
                        &decoded))
    return bad_token(failure);
  out->length += decoded;
  return 1;
}

static int decode_both(const parts *p, ap_buffer *header, ap_buffer *payload,
                       ap_failure *failure) {
  return decode_part(p, 0, header, failure) &&
         decode_part(p, 1, payload, failure);
}

int ap_jws_peek(const char *token, size_t length, ap_buffer *header,
                ap_buffer *payload, ap_failure *failure) {
  parts p = { { NULL }, { 0 } };
  return split(token, length, &p, failure) &&
         decode_both(&p, header, payload, failure);
}

static int check_signature(const ap_rsa_key *key, const parts *p,
                           ap_failure *failure) {
  size_t signed_length = p->length[0] + 1 + p->length[1];
  ap_buffer signature;
  int good;
  ap_buffer_init(&signature, AP_JWS_MAX);
  good = decode_part(p, 2, &signature, failure) &&
         ap_rsa_key_verify(key, p->part[0], signed_length,
                           (const unsigned char *)signature.data,
                           signature.length, failure);
  ap_buffer_free(&signature);
  return good;
}

int ap_jws_verify_signature(const ap_rsa_key *key, const char *token,
                            size_t length, ap_buffer *header,
                            ap_buffer *payload, ap_failure *failure) {
  parts p = { { NULL }, { 0 } };
  return split(token, length, &p, failure) &&
         decode_both(&p, header, payload, failure) &&
         check_signature(key, &p, failure);
}

static int append_encoded(ap_buffer *out, const void *bytes, size_t length,
                          ap_failure *failure) {
  size_t size = ap_base64_encoded_size(AP_BASE64URL, length);
  if (!make_room(out, size, failure)) return 0;
  ap_base64_encode(AP_BASE64URL, bytes, length, out->data + out->length);
  out->length += size;
  return 1;
}

static int append_signature(const ap_rsa_key *key, ap_buffer *out,
                            ap_failure *failure) {
  size_t size = 0;
  unsigned char *signature = malloc(ap_rsa_key_size(key));
  int done;
  if (signature == NULL) return ap_failure_no_memory(failure);
  done =
    ap_rsa_key_sign(key, out->data, out->length, signature, &size, failure) &&
    append(out, ".", 1, failure) &&
    append_encoded(out, signature, size, failure);
  free(signature);
  return done;
}

int ap_jws_sign(const ap_rsa_key *key, const char *header,
                size_t header_length, const char *payload,
                size_t payload_length, ap_buffer *out, ap_failure *failure) {
  return append_encoded(out, header, header_length, failure) &&
         append(out, ".", 1, failure) &&
         append_encoded(out, payload, payload_length, failure) &&
         append_signature(key, out, failure);
}
