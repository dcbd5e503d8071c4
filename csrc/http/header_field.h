/* SPDX-License-Identifier: MIT */
/* What may stand in a request, and what stands in an answer's head. */
#ifndef AP_HTTP_HEADER_FIELD_H
#define AP_HTTP_HEADER_FIELD_H

#include <stddef.h>
#include <string.h>

typedef struct {
  const char *name, *value;
  size_t name_length, value_length;
} ap_header_field;

/* A token of RFC 9110 section 5.6.2: a method or a header's name. */
int ap_header_field_is_token(const char *text, size_t length);
/* No CR, LF, NUL or other control character but a tab. */
int ap_header_field_is_value(const char *text, size_t length);
/* Are so many characters the same, in any case of letters? */
int ap_header_field_same(const char *text, const char *name, size_t length);
/* Is this the name, in any case of letters? */
static inline int ap_header_field_is(const char *text, size_t length,
                                     const char *name) {
  return strlen(name) == length && ap_header_field_same(text, name, length);
}

/* The status that a line tells, or 0 where it is malformed: "HTTP/", and three
** digits (RFC 9112 section 4). */
int ap_header_field_status(const char *line, size_t length);

/* Steps *at over a block of lines to the next "name: value", or answers 0 at
** its end. Lines that are none (status, blank, folded, junk) are passed
** over. */
int ap_header_field_next(const char **at, const char *end,
                         ap_header_field *out);

#endif
