/* SPDX-License-Identifier: MIT */
/* Each value has one encoding: decoding and encoding restores the text. Buffers
** have the sizes that base64.h documents. */
#include "fuzz.h"

#include <string.h>

#include "crypto/base64.h"

static void check_decode(ap_base64_kind kind, const char *text,
                         size_t length) {
  unsigned char *bytes = malloc(ap_base64_decoded_bound(length));
  size_t decoded = 0, size;
  char *again;
  MUST(bytes != NULL);
  if (ap_base64_decode(kind, text, length, bytes, &decoded)) {
    size = ap_base64_encoded_size(kind, decoded);
    again = malloc(size + 1);
    MUST(again != NULL && size == length);
    ap_base64_encode(kind, bytes, decoded, again);
    MUST(memcmp(again, text, length) == 0);
    free(again);
  }
  free(bytes);
}

static void check_encode(ap_base64_kind kind, const unsigned char *bytes,
                         size_t length) {
  size_t size = ap_base64_encoded_size(kind, length), decoded = 0;
  char *text = malloc(size > 0 ? size : 1);
  unsigned char *again = malloc(ap_base64_decoded_bound(size));
  MUST(text != NULL && again != NULL);
  ap_base64_encode(kind, bytes, length, text);
  MUST(ap_base64_decode(kind, text, size, again, &decoded));
  MUST(decoded == length && memcmp(again, bytes, length) == 0);
  free(again);
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const unsigned char none[1] = { 0 };
  if (size == 0) data = none;
  check_decode(AP_BASE64, (const char *)data, size);
  check_decode(AP_BASE64URL, (const char *)data, size);
  check_encode(AP_BASE64, data, size);
  check_encode(AP_BASE64URL, data, size);
  return 0;
}
