/* SPDX-License-Identifier: MIT */
#include "http/header_field.h"

#include <string.h>

static int is_token_char(unsigned char c) {
  if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
      (c >= 'a' && c <= 'z'))
    return 1;
  return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

int ap_header_field_is_token(const char *text, size_t length) {
  size_t i;
  for (i = 0; i < length; i++)
    if (!is_token_char((unsigned char)text[i])) return 0;
  return length > 0;
}

static int is_value_char(unsigned char c) {
  return (c >= 0x20 && c != 0x7f) || c == '\t';
}

int ap_header_field_is_value(const char *text, size_t length) {
  size_t i;
  for (i = 0; i < length; i++)
    if (!is_value_char((unsigned char)text[i])) return 0;
  return 1;
}

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int ap_header_field_same(const char *text, const char *name, size_t length) {
  size_t i;
  for (i = 0; i < length; i++)
    if (lower(text[i]) != lower(name[i])) return 0;
  return 1;
}

static int is_digit(char c) {
  return c >= '0' && c <= '9';
}

int ap_header_field_status(const char *line, size_t length) {
  const char *space = memchr(line, ' ', length);
  size_t left = space != NULL ? (size_t)(line + length - space) : 0;
  if (length < 5 || memcmp(line, "HTTP/", 5) != 0) return 0;
  if (left < 4 || space[1] == '0' || !is_digit(space[1]) ||
      !is_digit(space[2]) || !is_digit(space[3]) ||
      (left > 4 && is_digit(space[4])))
    return 0;
  return (space[1] - '0') * 100 + (space[2] - '0') * 10 + (space[3] - '0');
}

static int is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

static void trim(ap_header_field *header) {
  while (header->value_length > 0 && is_blank(*header->value)) {
    header->value++;
    header->value_length--;
  }
  while (header->value_length > 0 &&
         is_blank(header->value[header->value_length - 1]))
    header->value_length--;
}

static int read_line(const char *line, size_t length, ap_header_field *out) {
  const char *colon = memchr(line, ':', length);
  if (colon == NULL) return 0;
  out->name = line;
  out->name_length = (size_t)(colon - line);
  out->value = colon + 1;
  out->value_length = length - out->name_length - 1;
  trim(out);
  return ap_header_field_is_token(out->name, out->name_length) &&
         ap_header_field_is_value(out->value, out->value_length);
}

int ap_header_field_next(const char **at, const char *end,
                         ap_header_field *out) {
  while (*at < end) {
    const char *line = *at;
    const char *stop = memchr(line, '\n', (size_t)(end - line));
    size_t length = (size_t)((stop != NULL ? stop : end) - line);
    *at = stop != NULL ? stop + 1 : end;
    if (read_line(line, length, out)) return 1;
  }
  return 0;
}
