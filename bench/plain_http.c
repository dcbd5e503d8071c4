/* SPDX-License-Identifier: MIT */
#include "plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

enum { BATCH = 256, IDLE = 8 };

/* A request; its handle and its buffer are reused. */
typedef struct {
  CURL *easy;
  char *body;
  size_t length, capacity;
} plain_request;

static plain_request one, batch[BATCH];
static CURLM *multi;
static struct curl_slist *headers, *bare, *full;
static const char *trusted, *header_file;

#define MUST(call, good) \
  do { \
    if ((call) != (good)) plain_die(#call); \
  } while (0)

static size_t append(char *bytes, size_t unit, size_t length, void *context) {
  plain_request *r = context;
  (void)unit;
  if (r->length + length > r->capacity) {
    size_t capacity = (r->length + length) * 2;
    char *body = realloc(r->body, capacity);
    if (body == NULL) return 0;
    r->body = body;
    r->capacity = capacity;
  }
  memcpy(r->body + r->length, bytes, length);
  r->length += length;
  return length;
}

/* The same options as those of the core. */
static void set_options(plain_request *r) {
  CURL *easy = r->easy;
  MUST(curl_easy_setopt(easy, CURLOPT_CAINFO, trusted), CURLE_OK);
  MUST(
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2),
    CURLE_OK);
  MUST(
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1),
    CURLE_OK);
  MUST(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L), CURLE_OK);
  MUST(curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 600000L), CURLE_OK);
  MUST(curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 10000L), CURLE_OK);
  MUST(curl_easy_setopt(easy, CURLOPT_PROXY, ""), CURLE_OK);
  MUST(curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers), CURLE_OK);
  MUST(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, append), CURLE_OK);
  MUST(curl_easy_setopt(easy, CURLOPT_WRITEDATA, r), CURLE_OK);
}

static void prepare(plain_request *r, const char *url) {
  if (r->easy == NULL) {
    r->easy = curl_easy_init();
    if (r->easy == NULL) plain_die("curl_easy_init");
    set_options(r);
  }
  MUST(curl_easy_setopt(r->easy, CURLOPT_URL, url), CURLE_OK);
}

static void check(const plain_request *r) {
  long status = 0;
  MUST(curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status), CURLE_OK);
  if (status != 200 || r->length == 0) plain_die("unexpected response");
}

void plain_http_start(const char *ca_file, const char *headers_file) {
  MUST(curl_global_init(CURL_GLOBAL_DEFAULT), CURLE_OK);
  trusted = ca_file;
  header_file = headers_file;
  bare = curl_slist_append(NULL, "Accept:");
  headers = bare;
}

/* Reads the headers that the client sends, one per line. */
static void need_headers(void) {
  char line[8192];
  FILE *file;
  if (full != NULL) return;
  file = fopen(header_file, "rb");
  if (file == NULL) plain_die(header_file);
  while (fgets(line, sizeof line, file) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    full = curl_slist_append(full, line);
  }
  (void)fclose(file);
}

static void forget(plain_request *r) {
  curl_easy_cleanup(r->easy);
  free(r->body);
  memset(r, 0, sizeof *r);
}

void plain_http_end(void) {
  size_t i;
  for (i = 0; multi != NULL && i < BATCH; i++)
    if (batch[i].easy != NULL)
      (void)curl_multi_remove_handle(multi, batch[i].easy);
  for (i = 0; i < BATCH; i++) forget(&batch[i]);
  forget(&one);
  if (multi != NULL) (void)curl_multi_cleanup(multi);
  multi = NULL;
  headers = bare;
}

double plain_easy(long count, const char *url) {
  double start;
  prepare(&one, url);
  start = plain_now();
  for (; count > 0; count--) {
    one.length = 0;
    MUST(curl_easy_perform(one.easy), CURLE_OK);
    check(&one);
  }
  return plain_now() - start;
}

/* One connection per request, as in the core. libcurl's default would close most
** of them after each batch. */
static void need_multi(void) {
  if (multi != NULL) return;
  multi = curl_multi_init();
  if (multi == NULL) plain_die("curl_multi_init");
  MUST(curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)BATCH), CURLM_OK);
}

static void add(size_t count, const char *url) {
  size_t i;
  for (i = 0; i < count; i++) {
    batch[i].length = 0;
    prepare(&batch[i], url);
    MUST(curl_multi_add_handle(multi, batch[i].easy), CURLM_OK);
  }
}

static void collect(void) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(multi, &left)) != NULL) {
    MUST(message->data.result, CURLE_OK);
    MUST(curl_multi_remove_handle(multi, message->easy_handle), CURLM_OK);
  }
}

static void run_batch(const char *url) {
  int running = 1;
  size_t i;
  add(BATCH, url);
  while (running > 0) {
    MUST(curl_multi_perform(multi, &running), CURLM_OK);
    collect();
    if (running > 0)
      MUST(curl_multi_poll(multi, NULL, 0, 1000, NULL), CURLM_OK);
  }
  for (i = 0; i < BATCH; i++) check(&batch[i]);
}

double plain_batch(long count, const char *url) {
  double start;
  need_multi();
  start = plain_now();
  for (; count > 0; count--) run_batch(url);
  return plain_now() - start;
}

double plain_profiles(long count, const char *url) {
  need_headers();
  headers = full;
  return plain_easy(count, url);
}

double plain_devices(long count, const char *url) {
  need_headers();
  headers = full;
  return plain_batch(count, url);
}

/* Returns when all requests are sent and wait for a response. */
static void settle(void) {
  double until = plain_now() + 0.3;
  int running = IDLE;
  while (plain_now() < until) {
    MUST(curl_multi_perform(multi, &running), CURLM_OK);
    MUST(curl_multi_poll(multi, NULL, 0, 10, NULL), CURLM_OK);
  }
  if (running != IDLE) plain_die("unexpected response to an idle request");
}

double plain_idle(long count, const char *url) {
  double start;
  int running = 0;
  if (multi == NULL) {
    need_multi();
    add(IDLE, url);
    settle();
  }
  start = plain_now();
  for (; count > 0; count--)
    MUST(curl_multi_perform(multi, &running), CURLM_OK);
  return plain_now() - start;
}
