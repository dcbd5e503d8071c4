/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE, FIRST_VALUE, KEY, FIRST_KEY, AFTER };

void ap_json_start(ap_json *json, const char *text, size_t length) {
  memset(json, 0, sizeof *json);
  json->at = json->end = text;
  if (length > 0) json->end += length; /* what is empty may have no address */
  json->state = VALUE;
}

/* The next character that counts; NUL, which counts nowhere, at the end. */
static char peek(ap_json *json) {
  for (; json->at < json->end; json->at++) {
    char c = *json->at;
    if (c != ' ' && c != '\n' && c != '\t' && c != '\r') return c;
  }
  return '\0';
}

static int in_object(const ap_json *json) {
  return json->depth > 0 && (json->objects >> (json->depth - 1) & 1) != 0;
}

static ap_json_event open(ap_json *json, int is_object) {
  uint64_t bit;
  if (json->depth == AP_JSON_MOST_DEPTH) return AP_JSON_BAD;
  bit = (uint64_t)1 << json->depth;
  json->objects = is_object ? json->objects | bit : json->objects & ~bit;
  json->depth++;
  json->at++;
  json->state = is_object ? FIRST_KEY : FIRST_VALUE;
  return is_object ? AP_JSON_OBJECT : AP_JSON_ARRAY;
}

static ap_json_event close(ap_json *json) {
  json->depth--;
  json->at++;
  json->state = AFTER;
  return AP_JSON_CLOSE;
}

/* -1: no such digit. */
static int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* The four digits after \u; -1 where they are none. */
static long read_unit(const char *at, const char *end) {
  long unit = 0;
  int i;
  if (end - at < 6 || at[0] != '\\' || at[1] != 'u') return -1;
  for (i = 2; i < 6; i++) {
    int digit = hex_value(at[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

static int is_high(long unit) {
  return unit >= 0xd800 && unit <= 0xdbff;
}

static int is_low(long unit) {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/* How long the escape is that begins here, 0 where it is none. Two halves of a
** character come together or not at all: RFC 8259 section 7. */
static size_t measure_escape(const char *at, const char *end) {
  long unit;
  if (end - at < 2) return 0;
  if (at[1] != 'u')
    return at[1] != '\0' && strchr("\"\\/bfnrt", at[1]) != NULL ? 2 : 0;
  unit = read_unit(at, end);
  if (unit < 0 || is_low(unit)) return 0;
  if (!is_high(unit)) return 6;
  return is_low(read_unit(at + 6, end)) ? 12 : 0;
}

static uint64_t has_zero(uint64_t word) {
  static const uint64_t ones = UINT64_C(0x0101010101010101);
  return (word - ones) & ~word & (ones << 7);
}

/* Whether one of eight characters ends a string, begins an escape or is NUL:
** most of an answer is strings. */
static int is_plain_text(const char *at) {
  static const uint64_t ones = UINT64_C(0x0101010101010101);
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return (has_zero(word) | has_zero(word ^ ones * '"') |
          has_zero(word ^ ones * '\\')) == 0;
}

static const char *skip_plain_text(const char *at, const char *end) {
  while (end - at >= 8 && is_plain_text(at)) at += 8;
  return at;
}

/* Up to the closing quote. Control characters are let through, but for NUL:
** not every service escapes them. */
static int read_string(ap_json *json) {
  const char *at = skip_plain_text(json->at + 1, json->end);
  json->raw = json->at + 1;
  json->has_escapes = 0;
  for (; at < json->end && *at != '"'; at++) {
    size_t length;
    if (*at == '\0') return 0;
    if (*at != '\\') continue;
    length = measure_escape(at, json->end);
    if (length == 0) return 0;
    json->has_escapes = 1;
    at = skip_plain_text(at + length, json->end) - 1;
  }
  if (at == json->end) return 0;
  json->raw_length = (size_t)(at - json->raw);
  json->at = at + 1;
  return 1;
}

static ap_json_event read_key(ap_json *json) {
  if (peek(json) != '"' || !read_string(json) || peek(json) != ':')
    return AP_JSON_BAD;
  json->at++;
  json->state = VALUE;
  return AP_JSON_KEY;
}

static const char *skip_digits(const char *at, const char *end) {
  while (at < end && *at >= '0' && *at <= '9') at++;
  return at;
}

/* The number's end, as section 6 has it, or NULL; whether it has a fraction or
** an exponent. */
static const char *measure_number(const char *at, const char *end,
                                  int *is_plain) {
  const char *digits, *next;
  if (at < end && *at == '-') at++;
  digits = at;
  at = skip_digits(at, end);
  if (at == digits || (*digits == '0' && at - digits > 1)) return NULL;
  *is_plain = 1;
  if (at < end && *at == '.') {
    next = skip_digits(at + 1, end);
    if (next == at + 1) return NULL;
    at = next;
    *is_plain = 0;
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    at++;
    if (at < end && (*at == '+' || *at == '-')) at++;
    next = skip_digits(at, end);
    if (next == at) return NULL;
    at = next;
    *is_plain = 0;
  }
  return at;
}

/* As many digits as a double holds in any case. */
enum { SAFE_DIGITS = 15 };

static double whole_number(const char *text, size_t length) {
  int is_negative = *text == '-';
  double number = 0;
  size_t i;
  for (i = is_negative ? 1 : 0; i < length; i++)
    number = number * 10 + (text[i] - '0');
  return is_negative ? -number : number;
}

/* strtod(3) goes by the locale of the host, whose point may be more than a
** byte. */
static double any_number(const char *text, size_t length) {
  char copy[AP_JSON_LONGEST_NUMBER + MB_LEN_MAX + 1];
  const char *point = memchr(text, '.', length);
  size_t whole = point != NULL ? (size_t)(point - text) : length;
  size_t rest = point != NULL ? length - whole - 1 : 0;
  (void)snprintf(copy, sizeof copy, "%.*s%s%.*s", (int)whole, text,
                 point != NULL ? localeconv()->decimal_point : "", (int)rest,
                 point != NULL ? point + 1 : "");
  return strtod(copy, NULL);
}

/* What is too large for a double is too large for whoever reads on. */
static ap_json_event read_number(ap_json *json) {
  int is_plain;
  const char *end = measure_number(json->at, json->end, &is_plain);
  size_t length = end != NULL ? (size_t)(end - json->at) : 0;
  if (length == 0 || length > AP_JSON_LONGEST_NUMBER) return AP_JSON_BAD;
  json->number = is_plain && length <= SAFE_DIGITS
                   ? whole_number(json->at, length)
                   : any_number(json->at, length);
  if (!isfinite(json->number)) return AP_JSON_BAD;
  json->at = end;
  json->state = AFTER;
  return AP_JSON_NUMBER;
}

static ap_json_event read_word(ap_json *json, const char *word,
                               ap_json_event event) {
  size_t length = strlen(word);
  if ((size_t)(json->end - json->at) < length ||
      memcmp(json->at, word, length) != 0)
    return AP_JSON_BAD;
  json->at += length;
  json->state = AFTER;
  return event;
}

static ap_json_event read_value(ap_json *json) {
  switch (peek(json)) {
    case '{': return open(json, 1);
    case '[': return open(json, 0);
    case '"':
      json->state = AFTER;
      return read_string(json) ? AP_JSON_STRING : AP_JSON_BAD;
    case 'n': return read_word(json, "null", AP_JSON_NULL);
    case 'f': return read_word(json, "false", AP_JSON_FALSE);
    case 't': return read_word(json, "true", AP_JSON_TRUE);
    default: return read_number(json);
  }
}

static ap_json_event read_after(ap_json *json) {
  int is_object = in_object(json);
  char c = peek(json);
  if (json->depth == 0)
    return json->at == json->end ? AP_JSON_DONE : AP_JSON_BAD;
  if (c == (is_object ? '}' : ']')) return close(json);
  if (c != ',') return AP_JSON_BAD;
  json->at++;
  return is_object ? read_key(json) : read_value(json);
}

ap_json_event ap_json_next(ap_json *json) {
  switch (json->state) {
    case AFTER: return read_after(json);
    case FIRST_KEY: return peek(json) == '}' ? close(json) : read_key(json);
    case FIRST_VALUE:
      return peek(json) == ']' ? close(json) : read_value(json);
    default: return read_value(json);
  }
}

static size_t put_utf8(char *out, long code) {
  if (code < 0x80) {
    out[0] = (char)code;
    return 1;
  }
  if (code < 0x800) {
    out[0] = (char)(0xc0 | code >> 6);
    out[1] = (char)(0x80 | (code & 0x3f));
    return 2;
  }
  if (code < 0x10000) {
    out[0] = (char)(0xe0 | code >> 12);
    out[1] = (char)(0x80 | (code >> 6 & 0x3f));
    out[2] = (char)(0x80 | (code & 0x3f));
    return 3;
  }
  out[0] = (char)(0xf0 | code >> 18);
  out[1] = (char)(0x80 | (code >> 12 & 0x3f));
  out[2] = (char)(0x80 | (code >> 6 & 0x3f));
  out[3] = (char)(0x80 | (code & 0x3f));
  return 4;
}

static char plain_escape(char c) {
  switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return c;
  }
}

static size_t put_escape(char *out, const char *at, size_t length) {
  long unit;
  if (length == 2) {
    *out = plain_escape(at[1]);
    return 1;
  }
  unit = read_unit(at, at + length);
  if (length == 12)
    unit = 0x10000 + ((unit - 0xd800) << 10) +
           (read_unit(at + 6, at + 12) - 0xdc00);
  return put_utf8(out, unit);
}

size_t ap_json_unescape(const ap_json *json, char *out) {
  const char *at = json->raw, *end = at + json->raw_length;
  char *to = out;
  while (at < end) {
    size_t length = 1;
    if (*at == '\\') {
      length = measure_escape(at, end);
      to += put_escape(to, at, length);
    } else {
      *to++ = *at;
    }
    at += length;
  }
  return (size_t)(to - out);
}
