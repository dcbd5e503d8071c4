/* SPDX-License-Identifier: MIT */
#include "jwshead.h"

#include <string.h>

/* Just enough JSON to walk over one object; values are skipped, not judged:
** the signature is checked by the named algorithm whatever they say. */
enum { DEEPEST = 16 };

typedef struct {
  const char *at, *end;
} cursor;

typedef struct {
  const char *text;
  size_t length;
} slice;

static void skip_space(cursor *c) {
  while (c->at < c->end && *c->at != '\0' && strchr(" \t\r\n", *c->at))
    c->at++;
}

static int take(cursor *c, char wanted) {
  skip_space(c);
  if (c->at == c->end || *c->at != wanted) return 0;
  c->at++;
  return 1;
}

static int take_string(cursor *c, slice *out) {
  if (!take(c, '"')) return 0;
  out->text = c->at;
  while (c->at < c->end && *c->at != '"')
    c->at += *c->at == '\\' && c->end - c->at > 1 ? 2 : 1;
  out->length = (size_t)(c->at - out->text);
  return take(c, '"');
}

static int take_scalar(cursor *c) {
  const char *start = c->at;
  while (c->at < c->end && *c->at != '\0' && !strchr(",]} \t\r\n\"", *c->at))
    c->at++;
  return c->at > start;
}

static int take_value(cursor *c, int depth);

static int take_items(cursor *c, char close, int depth) {
  slice name;
  if (depth >= DEEPEST) return 0;
  if (take(c, close)) return 1;
  do {
    if (close == '}' && !(take_string(c, &name) && take(c, ':'))) return 0;
    if (!take_value(c, depth + 1)) return 0;
  } while (take(c, ','));
  return take(c, close);
}

static int take_value(cursor *c, int depth) {
  slice ignored;
  skip_space(c);
  if (c->at == c->end) return 0;
  if (*c->at == '"') return take_string(c, &ignored);
  if (take(c, '{')) return take_items(c, '}', depth);
  if (take(c, '[')) return take_items(c, ']', depth);
  return take_scalar(c);
}

static int is(slice s, const char *word) {
  return s.length == strlen(word) && memcmp(s.text, word, s.length) == 0;
}

/* Answers 0 on bad JSON or a name that has two readings. */
static int take_member(cursor *c, slice *alg, int *critical) {
  slice name;
  if (!take_string(c, &name) || !take(c, ':')) return 0;
  if (memchr(name.text, '\\', name.length) != NULL) return 0;
  if (is(name, "crit")) *critical = 1;
  if (!is(name, "alg")) return take_value(c, 0);
  if (alg->text != NULL) return 0;
  skip_space(c);
  return take_string(c, alg);
}

static int read_header(cursor *c, slice *alg, int *critical) {
  if (!take(c, '{')) return 0;
  do {
    if (!take_member(c, alg, critical)) return 0;
  } while (take(c, ','));
  if (!take(c, '}')) return 0;
  skip_space(c);
  return c->at == c->end && alg->text != NULL;
}

int ap_jwshead_check(const char *json, size_t length, const char *algorithm,
                     ap_failure *failure) {
  cursor c = { json, json };
  slice alg = { NULL, 0 };
  int critical = 0;
  if (length > 0) c.end += length; /* an empty buffer has no address */
  if (!read_header(&c, &alg, &critical))
    return ap_fail(failure, "invalid_token",
                   "The token's header is not one that can be trusted.");
  if (critical)
    return ap_fail(failure, "invalid_token",
                   "The token asks for extensions that are not supported.");
  if (!is(alg, algorithm))
    return ap_fail(failure, "wrong_algorithm",
                   "The token is not signed with %s.", algorithm);
  return 1;
}
