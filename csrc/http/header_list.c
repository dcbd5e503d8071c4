/* SPDX-License-Identifier: MIT */
#include "http/header_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "http/header_field.h"

/* Link and text share one allocation. */
typedef struct {
  struct curl_slist link; /* first: a pointer to it is one to the line */
  size_t size;            /* of the text, with its NUL */
  char text[];
} line;

static line *add_line(ap_header_list *list, size_t length,
                      ap_failure *failure) {
  line *added;
  if (length >= AP_HEADER_LIST_MAX - list->length) {
    (void)ap_failure_set(failure, "too_large",
                         "The request's headers are larger than 1 MiB.");
    return NULL;
  }
  added = malloc(sizeof *added + length + 1);
  if (added == NULL) {
    (void)ap_failure_no_memory(failure);
    return NULL;
  }
  added->size = length + 1;
  added->link.data = added->text;
  added->link.next = NULL;
  if (list->last != NULL) list->last->next = &added->link;
  else list->first = &added->link;
  list->last = &added->link;
  list->length += added->size;
  return added;
}

static int add(ap_header_list *list, const char *name, const char *separator,
               const char *value, size_t value_length, ap_failure *failure) {
  size_t first = strlen(name), second = strlen(separator);
  line *added = add_line(list, first + second + value_length, failure);
  if (added == NULL) return 0;
  memcpy(added->text, name, first);
  memcpy(added->text + first, separator, second);
  memcpy(added->text + first + second, value, value_length);
  added->text[first + second + value_length] = '\0';
  return 1;
}

static unsigned bit_of(const char *name) {
  size_t length = strlen(name);
  if (ap_header_field_is(name, length, "content-type")) return AP_HAS_TYPE;
  if (ap_header_field_is(name, length, "accept")) return AP_HAS_ACCEPT;
  if (ap_header_field_is(name, length, "user-agent")) return AP_HAS_AGENT;
  if (ap_header_field_is(name, length, "expect")) return AP_HAS_EXPECT;
  if (ap_header_field_is(name, length, "authorization"))
    return AP_HAS_AUTHORIZATION;
  return 0;
}

/* CURLOPT_HTTPHEADER(3): libcurl removes a header for "Name:", also if blanks
** follow, and sends an empty one for "Name;". Blanks around a value are not
** part of it (RFC 9110 section 5.5). */
int ap_header_list_add(ap_header_list *list, const char *name,
                       const char *value, ap_failure *failure) {
  int is_empty = value[strspn(value, " \t")] == '\0';
  list->has |= bit_of(name);
  return add(list, name, is_empty ? ";" : ": ", value,
             is_empty ? 0 : strlen(value), failure);
}

int ap_header_list_add_bearer(ap_header_list *list, const char *secret,
                              size_t length, ap_failure *failure) {
  list->has |= AP_HAS_AUTHORIZATION;
  return add(list, "Authorization", ": Bearer ", secret, length, failure);
}

static int suppress(ap_header_list *list, unsigned bit, const char *name,
                    ap_failure *failure) {
  return (list->has & bit) != 0 || add(list, name, ":", "", 0, failure);
}

/* The User-Agent is not set by CURLOPT_USERAGENT: libcurl would send it to a
** proxy, too, and libcurl 7.88 formats it twice per request. */
int ap_header_list_complete(ap_header_list *list, const char *user_agent,
                            int has_body, ap_failure *failure) {
  if (user_agent != NULL && (list->has & AP_HAS_AGENT) == 0 &&
      !ap_header_list_add(list, "User-Agent", user_agent, failure))
    return 0;
  if (!suppress(list, AP_HAS_ACCEPT, "Accept", failure)) return 0;
  return !has_body || (suppress(list, AP_HAS_TYPE, "Content-Type", failure) &&
                       suppress(list, AP_HAS_EXPECT, "Expect", failure));
}

void ap_header_list_free(ap_header_list *list) {
  struct curl_slist *link = list->first, *next;
  for (; link != NULL; link = next) {
    line *freed = (line *)link;
    next = link->next;
    ap_wipe_free(freed, sizeof *freed + freed->size);
  }
  memset(list, 0, sizeof *list);
}
