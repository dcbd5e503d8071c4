/* SPDX-License-Identifier: MIT */
#include "plain_request.h"

#include <stdlib.h>
#include <string.h>

size_t plain_append(char *bytes, size_t unit, size_t length, void *context) {
  plain_request *r = context;
  (void)unit;
  if (r->length + length > r->capacity) {
    size_t capacity = (r->length + length) * 2;
    char *body = realloc(r->body, capacity);
    if (body == NULL) return 0;
    r->body = body;
    r->capacity = capacity;
  }
  memcpy(r->body + r->length, bytes, length);
  r->length += length;
  return length;
}
