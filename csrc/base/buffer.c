/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

enum { FIRST_CAPACITY = 256 };

void ap_wipe_free(void *bytes, size_t length) {
  if (bytes == NULL) return;
  OPENSSL_cleanse(bytes, length);
  free(bytes);
}

char *ap_copy(const void *bytes, size_t length) {
  char *copy = malloc(length + 1);
  if (copy == NULL) return NULL;
  if (length > 0) memcpy(copy, bytes, length);
  copy[length] = '\0';
  return copy;
}

void ap_buffer_init(ap_buffer *buf, size_t ceiling) {
  memset(buf, 0, sizeof *buf);
  buf->ceiling = ceiling;
}

static size_t grown(const ap_buffer *buf, size_t needed) {
  size_t capacity = buf->capacity > 0 ? buf->capacity : FIRST_CAPACITY;
  while (capacity < needed && capacity < buf->ceiling / 2) capacity *= 2;
  return capacity < needed ? buf->ceiling : capacity;
}

/* realloc(3) is not used: it may free the old block without wiping it. */
static int move(ap_buffer *buf, size_t capacity) {
  char *data = malloc(capacity);
  if (data == NULL) return 0;
  if (buf->length > 0) memcpy(data, buf->data, buf->length);
  ap_wipe_free(buf->data, buf->length);
  buf->data = data;
  buf->capacity = capacity;
  return 1;
}

ap_buffer_result ap_buffer_reserve(ap_buffer *buf, size_t length) {
  size_t needed = buf->length + length;
  if (length > buf->ceiling - buf->length) return AP_BUFFER_FULL;
  if (buf->capacity > 0 && needed <= buf->capacity) return AP_BUFFER_OK;
  return move(buf, grown(buf, needed)) ? AP_BUFFER_OK : AP_BUFFER_NO_MEMORY;
}

ap_buffer_result ap_buffer_append(ap_buffer *buf, const void *bytes,
                                  size_t length) {
  ap_buffer_result result;
  if (length == 0) return AP_BUFFER_OK;
  result = ap_buffer_reserve(buf, length);
  if (result != AP_BUFFER_OK) return result;
  memcpy(buf->data + buf->length, bytes, length);
  buf->length += length;
  return AP_BUFFER_OK;
}

int ap_buffer_check(ap_buffer_result result, const char *too_large,
                    ap_failure *failure) {
  if (result == AP_BUFFER_OK) return 1;
  return result == AP_BUFFER_FULL
           ? ap_failure_set(failure, "too_large", "%s", too_large)
           : ap_failure_no_memory(failure);
}

void ap_buffer_clear(ap_buffer *buf) {
  if (buf->data != NULL) OPENSSL_cleanse(buf->data, buf->length);
  buf->length = 0;
}

void ap_buffer_free(ap_buffer *buf) {
  ap_wipe_free(buf->data, buf->length);
  ap_buffer_init(buf, buf->ceiling);
}
