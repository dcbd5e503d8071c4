/* SPDX-License-Identifier: MIT */
#include "crypto/jws_header.h"

#include <string.h>

#include "base/json.h"

/* What a header says; values other than alg's are passed over: the signature
** is checked by the named algorithm whatever they say. */
typedef struct {
  const char *alg;
  size_t alg_length;
  int is_critical;
} head;

static int is(const char *text, size_t length, const char *word) {
  return length == strlen(word) && memcmp(text, word, length) == 0;
}

/* No header that was made in earnest goes deeper. */
enum { DEEPEST = 16 };

/* A value, with all that is in it; 0 where it is none. */
static int pass_over(ap_json *json) {
  int depth = json->depth;
  ap_json_event event;
  do event = ap_json_next(json);
  while (event != AP_JSON_BAD && json->depth > depth &&
         json->depth <= DEEPEST);
  return event != AP_JSON_BAD && json->depth == depth;
}

static int read_member(ap_json *json, head *found) {
  int is_alg = is(json->raw, json->raw_length, "alg");
  if (json->has_escapes) return 0;
  if (is(json->raw, json->raw_length, "crit")) found->is_critical = 1;
  if (!is_alg) return pass_over(json);
  if (found->alg != NULL || ap_json_next(json) != AP_JSON_STRING) return 0;
  found->alg = json->raw;
  found->alg_length = json->raw_length;
  return 1;
}

/* Answers 0 on bad JSON or a name that has two readings. */
static int read_head(const char *text, size_t length, head *found) {
  ap_json json;
  ap_json_event event;
  ap_json_start(&json, text, length);
  if (ap_json_next(&json) != AP_JSON_OBJECT) return 0;
  while ((event = ap_json_next(&json)) == AP_JSON_KEY)
    if (!read_member(&json, found)) return 0;
  return event == AP_JSON_CLOSE && ap_json_next(&json) == AP_JSON_DONE &&
         found->alg != NULL;
}

int ap_jws_header_check(const char *json, size_t length, const char *algorithm,
                        ap_failure *failure) {
  head found = { NULL, 0, 0 };
  if (!read_head(json, length, &found))
    return ap_failure_set(
      failure, "invalid_token",
      "The token's header is not one that can be trusted.");
  if (found.is_critical)
    return ap_failure_set(
      failure, "invalid_token",
      "The token asks for extensions that are not supported.");
  if (!is(found.alg, found.alg_length, algorithm))
    return ap_failure_set(failure, "wrong_algorithm",
                          "The token is not signed with %s.", algorithm);
  return 1;
}
