/* SPDX-License-Identifier: MIT */
/* Checks header fields of requests and parses those of responses. */
#ifndef AP_HTTP_HEADER_FIELD_H
#define AP_HTTP_HEADER_FIELD_H

#include <stddef.h>
#include <string.h>

typedef struct {
  const char *name, *value;
  size_t name_length, value_length;
} ap_header_field;

/* Returns whether the text is a token (RFC 9110 section 5.6.2), as a method and
** a header's name must be. */
int ap_header_field_is_token(const char *text, size_t length);
/* Returns whether the text has no control character except tabs. */
int ap_header_field_is_value(const char *text, size_t length);
/* Returns whether the first `length` characters are equal, ignoring case. */
int ap_header_field_same(const char *text, const char *name, size_t length);
/* Returns whether a text of `length` characters equals a name, ignoring case. */
static inline int ap_header_field_is(const char *text, size_t length,
                                     const char *name) {
  return strlen(name) == length && ap_header_field_same(text, name, length);
}

/* Returns the status of a status line, or 0 if it is malformed (RFC 9112 section
** 4: "HTTP/" and a status of three digits). */
int ap_header_field_status(const char *line, size_t length);

/* Reads the next "name: value" line of a block and moves *at past it; returns 0
** at the end. Skips other lines (status, blank, folded, malformed). */
int ap_header_field_next(const char **at, const char *end,
                         ap_header_field *out);

#endif
