/* SPDX-License-Identifier: MIT */
#include "crypto/base64.h"

static const char *const alphabets[] = {
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

size_t ap_base64_encoded_size(ap_base64_kind kind, size_t length) {
  size_t rest = length % 3;
  size_t tail = rest == 0 ? 0 : kind == AP_BASE64 ? 4 : rest + 1;
  return length / 3 * 4 + tail;
}

size_t ap_base64_decoded_bound(size_t length) {
  return length / 4 * 3 + 3;
}

static void encode_tail(ap_base64_kind kind, const unsigned char *bytes,
                        size_t rest, char *out) {
  const char *alphabet = alphabets[kind];
  unsigned second = rest == 2 ? bytes[1] : 0;
  *out++ = alphabet[bytes[0] >> 2];
  *out++ = alphabet[(bytes[0] & 3u) << 4 | second >> 4];
  if (rest == 2) *out++ = alphabet[(second & 15u) << 2];
  if (kind == AP_BASE64URL) return;
  if (rest == 1) *out++ = '=';
  *out = '=';
}

void ap_base64_encode(ap_base64_kind kind, const unsigned char *bytes,
                      size_t length, char *out) {
  const char *alphabet = alphabets[kind];
  for (; length >= 3; length -= 3, bytes += 3) {
    *out++ = alphabet[bytes[0] >> 2];
    *out++ = alphabet[(bytes[0] & 3u) << 4 | bytes[1] >> 4];
    *out++ = alphabet[(bytes[1] & 15u) << 2 | bytes[2] >> 6];
    *out++ = alphabet[bytes[2] & 63u];
  }
  if (length > 0) encode_tail(kind, bytes, length, out);
}

/* clang-format off */
#define LETTERS_AND_DIGITS \
  ['A'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, \
  20, 21, 22, 23, 24, 25, 26, \
  ['a'] = 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, \
  44, 45, 46, 47, 48, 49, 50, 51, 52, \
  ['0'] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62
/* clang-format on */

/* The value of each digit plus one; 0: not a digit. */
static const unsigned char places[2][256] = {
  { LETTERS_AND_DIGITS, ['+'] = 63, ['/'] = 64 },
  { LETTERS_AND_DIGITS, ['-'] = 63, ['_'] = 64 },
};

static int value_of(ap_base64_kind kind, char c) {
  return places[kind][(unsigned char)c] - 1;
}

/* Returns the length without the padding; -1 if the padding is wrong. */
static long unpadded(ap_base64_kind kind, const char *text, size_t length) {
  size_t padding = 0;
  if (kind == AP_BASE64URL) return length % 4 == 1 ? -1 : (long)length;
  if (length % 4 != 0) return -1;
  while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
    padding++;
  return (long)(length - padding);
}

static int decode_four(ap_base64_kind kind, const char *text,
                       unsigned char *out) {
  int a = value_of(kind, text[0]), b = value_of(kind, text[1]);
  int c = value_of(kind, text[2]), d = value_of(kind, text[3]);
  if ((a | b | c | d) < 0) return 0;
  out[0] = (unsigned char)(a << 2 | b >> 4);
  out[1] = (unsigned char)(b << 4 | c >> 2);
  out[2] = (unsigned char)(c << 6 | d);
  return 1;
}

/* Decodes the last two or three digits, whose unused bits must be zero. */
static int decode_tail(ap_base64_kind kind, const char *text, size_t digits,
                       unsigned char *out) {
  int a = value_of(kind, text[0]), b = value_of(kind, text[1]);
  int c = digits == 3 ? value_of(kind, text[2]) : 0;
  if ((a | b | c) < 0) return 0;
  out[0] = (unsigned char)(a << 2 | b >> 4);
  if (digits == 2) return (b & 15) == 0;
  out[1] = (unsigned char)(b << 4 | c >> 2);
  return (c & 3) == 0;
}

int ap_base64_decode(ap_base64_kind kind, const char *text, size_t length,
                     unsigned char *out, size_t *out_length) {
  long digits = unpadded(kind, text, length);
  size_t left;
  *out_length = 0;
  if (digits < 0) return 0;
  for (left = (size_t)digits; left >= 4; left -= 4, text += 4, out += 3)
    if (!decode_four(kind, text, out)) return 0;
  if (left == 1 || (left > 0 && !decode_tail(kind, text, left, out))) return 0;
  *out_length = (size_t)digits / 4 * 3 + (left > 0 ? left - 1 : 0);
  return 1;
}
