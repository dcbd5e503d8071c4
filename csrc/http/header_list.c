/* SPDX-License-Identifier: MIT */
#include "http/header_list.h"

#include <stdlib.h>
#include <string.h>

#include "http/header_field.h"

void ap_header_list_init(ap_header_list *lines) {
  memset(lines, 0, sizeof *lines);
  ap_buffer_init(&lines->text, AP_HEADER_LIST_MAX);
}

void ap_header_list_free(ap_header_list *lines) {
  ap_buffer_free(&lines->text);
  lines->count = 0;
  lines->has = 0;
}

int ap_header_list_fail(ap_failure *failure) {
  return ap_failure_set(failure, "too_large",
                        "The request's headers are larger than 1 MiB.");
}

static int make_room(ap_buffer *text, size_t length, ap_failure *failure) {
  switch (ap_buffer_reserve(text, length)) {
    case AP_BUFFER_OK: return 1;
    case AP_BUFFER_NO_MEMORY: return ap_failure_no_memory(failure);
    default: return ap_header_list_fail(failure);
  }
}

/* The name with what parts it from the value, and the value. */
static int add(ap_header_list *lines, const char *name, const char *separator,
               const char *value, size_t length, ap_failure *failure) {
  ap_buffer *text = &lines->text;
  size_t first = strlen(name), second = strlen(separator);
  char *line;
  if (!make_room(text, first + second + length + 1, failure)) return 0;
  line = text->data + text->length;
  memcpy(line, name, first);
  memcpy(line + first, separator, second);
  memcpy(line + first + second, value, length);
  line[first + second + length] = '\0';
  text->length += first + second + length + 1;
  lines->count++;
  return 1;
}

static unsigned meaning_of(const char *name) {
  size_t length = strlen(name);
  if (ap_header_field_is(name, length, "content-type")) return AP_HAS_TYPE;
  if (ap_header_field_is(name, length, "accept")) return AP_HAS_ACCEPT;
  if (ap_header_field_is(name, length, "user-agent")) return AP_HAS_AGENT;
  if (ap_header_field_is(name, length, "expect")) return AP_HAS_EXPECT;
  if (ap_header_field_is(name, length, "authorization"))
    return AP_HAS_AUTHORIZATION;
  return 0;
}

/* libcurl takes "Name:" for a wish to leave the header out, blanks behind it or
** not, and "Name;" for an empty one: CURLOPT_HTTPHEADER(3). Blanks around a
** value are none of it: RFC 9110, section 5.5. */
int ap_header_list_add(ap_header_list *lines, const char *name,
                       const char *value, ap_failure *failure) {
  int is_empty = value[strspn(value, " \t")] == '\0';
  lines->has |= meaning_of(name);
  return add(lines, name, is_empty ? ";" : ": ", value,
             is_empty ? 0 : strlen(value), failure);
}

static const char bearer[] = "Authorization: Bearer ";

int ap_header_list_add_bearer(ap_header_list *lines, const char *secret,
                              size_t length, ap_failure *failure) {
  lines->has |= AP_HAS_AUTHORIZATION;
  return add(lines, bearer, "", secret, length, failure);
}

const char *ap_header_list_bearer(const ap_header_list *lines) {
  return lines->text.data + sizeof bearer - 1;
}

int ap_header_list_leave_out(ap_header_list *lines, const char *name,
                             ap_failure *failure) {
  return add(lines, name, ":", "", 0, failure);
}

/* The list is ours, not libcurl's, which only reads it: its lines, of which
** one may hold a bearer, are wiped. */
int ap_header_list_link(const ap_header_list *lines, struct curl_slist *rest,
                        struct curl_slist **made, ap_failure *failure) {
  char *line = lines->text.data;
  struct curl_slist *list;
  size_t i;
  *made = NULL;
  if (lines->count == 0) return 1;
  list = calloc(lines->count, sizeof *list);
  if (list == NULL) return ap_failure_no_memory(failure);
  for (i = 0; i < lines->count; i++) {
    list[i].data = line;
    list[i].next = i + 1 < lines->count ? &list[i + 1] : rest;
    line += strlen(line) + 1;
  }
  *made = list;
  return 1;
}
