/* SPDX-License-Identifier: MIT */
/* Whatever is told lies within the text; and what was read whole, written out
** in another way, reads the same. */
#include "fuzz.h"

#include <math.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"

static void put(ap_buffer *out, const char *bytes, size_t length) {
  MUST(ap_buffer_append(out, bytes, length) == AP_BUFFER_OK);
}

/* The bytes that a string means. */
static size_t meaning_of(const ap_json *json, char **bytes) {
  size_t length = json->raw_length;
  *bytes = malloc(length + 1);
  MUST(*bytes != NULL);
  if (json->has_escapes) length = ap_json_unescape(json, *bytes);
  else memcpy(*bytes, json->raw, length);
  MUST(length <= json->raw_length);
  return length;
}

static void put_string(ap_buffer *out, const ap_json *json) {
  char *bytes, escape[8];
  size_t i, length = meaning_of(json, &bytes);
  put(out, "\"", 1);
  for (i = 0; i < length; i++) {
    unsigned char c = (unsigned char)bytes[i];
    if (c < 0x20 || c == '"' || c == '\\' || c == 'e') {
      (void)snprintf(escape, sizeof escape, "\\u%04X", c);
      put(out, escape, 6);
    } else {
      put(out, bytes + i, 1);
    }
  }
  put(out, "\"", 1);
  free(bytes);
}

static void put_event(ap_buffer *out, const ap_json *json, ap_json_event event,
                      uint64_t objects) {
  char number[40];
  switch (event) {
    case AP_JSON_NULL: put(out, "null ", 5); break;
    case AP_JSON_FALSE: put(out, "false ", 6); break;
    case AP_JSON_TRUE: put(out, "true ", 5); break;
    case AP_JSON_ARRAY: put(out, "[", 1); break;
    case AP_JSON_OBJECT: put(out, "{", 1); break;
    case AP_JSON_CLOSE:
      put(out, (objects >> json->depth & 1) != 0 ? "}" : "]", 1);
      break;
    case AP_JSON_NUMBER:
      (void)snprintf(number, sizeof number, "%.17g", json->number);
      put(out, number, strlen(number));
      break;
    default: put_string(out, json);
  }
  if (event == AP_JSON_KEY) put(out, ":", 1);
}

static int ends_value(ap_json_event event) {
  return event != AP_JSON_ARRAY && event != AP_JSON_OBJECT &&
         event != AP_JSON_KEY;
}

static void check(const ap_json *json, ap_json_event event, const char *text,
                  size_t size) {
  MUST(json->at >= text && json->at <= text + size);
  MUST(json->depth >= 0 && json->depth <= AP_JSON_MOST_DEPTH);
  if (event == AP_JSON_NUMBER) MUST(isfinite(json->number));
  if (event == AP_JSON_STRING || event == AP_JSON_KEY)
    MUST(json->raw > text && json->raw + json->raw_length < text + size);
}

/* Whether it was read whole; then it is written to `out`. */
static int rewrite(const char *text, size_t size, ap_buffer *out) {
  ap_json json;
  ap_json_event event, before = AP_JSON_ARRAY;
  ap_json_start(&json, text, size);
  for (;;) {
    event = ap_json_next(&json);
    check(&json, event, text, size);
    if (event == AP_JSON_DONE || event == AP_JSON_BAD) break;
    if (ends_value(before) && event != AP_JSON_CLOSE) put(out, ",", 1);
    put_event(out, &json, event, json.objects);
    before = event;
  }
  return event == AP_JSON_DONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  ap_buffer first, second;
  ap_buffer_init(&first, size * 32 + 64);
  ap_buffer_init(&second, size * 32 + 64);
  if (rewrite((const char *)data, size, &first)) {
    MUST(rewrite(first.data, first.length, &second));
    MUST(first.length == second.length);
    MUST(memcmp(first.data, second.data, first.length) == 0);
  }
  ap_buffer_free(&first);
  ap_buffer_free(&second);
  return 0;
}
