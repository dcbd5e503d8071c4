/* SPDX-License-Identifier: MIT */
/* Reads JSON (RFC 8259) a piece at a time. It allocates nothing, and what it
** tells points into the text. */
#ifndef AP_BASE_JSON_H
#define AP_BASE_JSON_H

#include <stddef.h>
#include <stdint.h>

enum { AP_JSON_MOST_DEPTH = 64, AP_JSON_LONGEST_NUMBER = 128 };

typedef enum {
  AP_JSON_NULL,
  AP_JSON_FALSE,
  AP_JSON_TRUE,
  AP_JSON_NUMBER,
  AP_JSON_STRING,
  AP_JSON_ARRAY,  /* then its values, then CLOSE */
  AP_JSON_OBJECT, /* then a KEY and a value for each, then CLOSE */
  AP_JSON_KEY,
  AP_JSON_CLOSE,
  AP_JSON_DONE,
  AP_JSON_BAD
} ap_json_event;

typedef struct {
  const char *at, *end;
  int state, depth;
  uint64_t objects; /* one bit for each depth */
  double number;
  /* Of a string or key: what stands between its quotes. */
  const char *raw;
  size_t raw_length;
  int has_escapes; /* then ap_json_unescape tells what it means */
} ap_json;

void ap_json_start(ap_json *json, const char *text, size_t length);
/* After DONE and BAD there is nothing more to ask. */
ap_json_event ap_json_next(ap_json *json);
/* Writes no more than raw_length bytes; answers how many. */
size_t ap_json_unescape(const ap_json *json, char *out);

#endif
