/* SPDX-License-Identifier: MIT */
/* more FOLDER: plain C for bench/more.lua. Reads lines of "job count
** argument", answers each with the seconds that it took.
**
** crowd N:URL   N requests at once, and again, on N connections that are kept
** sign -        RS256 over 832 bytes, a context each */
#include "plain_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <time.h>

enum { MESSAGE = 832, MOST_SIGNATURE = 1024 };

static plain_request *crowd;
static size_t crowd_size;
static CURLM *multi;
static struct curl_slist *headers;
static const char *folder;

static void die(const char *what) {
  (void)fprintf(stderr, "more: %s\n", what);
  exit(EXIT_FAILURE);
}

#define MUST(call, good) \
  do { \
    if ((call) != (good)) die(#call); \
  } while (0)

static double now(void) {
  struct timespec at;
  (void)clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* What the core sets, under the same promises. */
static void prepare(plain_request *r, const char *url, const char *ca_file) {
  r->easy = curl_easy_init();
  if (r->easy == NULL) die("curl_easy_init");
  MUST(curl_easy_setopt(r->easy, CURLOPT_URL, url), CURLE_OK);
  MUST(curl_easy_setopt(r->easy, CURLOPT_CAINFO, ca_file), CURLE_OK);
  MUST(curl_easy_setopt(r->easy, CURLOPT_SSLVERSION,
                        (long)CURL_SSLVERSION_TLSv1_2),
       CURLE_OK);
  MUST(curl_easy_setopt(r->easy, CURLOPT_HTTP_VERSION,
                        (long)CURL_HTTP_VERSION_1_1),
       CURLE_OK);
  MUST(curl_easy_setopt(r->easy, CURLOPT_TIMEOUT_MS, 600000L), CURLE_OK);
  MUST(curl_easy_setopt(r->easy, CURLOPT_CONNECTTIMEOUT_MS, 60000L), CURLE_OK);
  MUST(curl_easy_setopt(r->easy, CURLOPT_PROXY, ""), CURLE_OK);
  MUST(curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, headers), CURLE_OK);
  MUST(curl_easy_setopt(r->easy, CURLOPT_WRITEFUNCTION, plain_append),
       CURLE_OK);
  MUST(curl_easy_setopt(r->easy, CURLOPT_WRITEDATA, r), CURLE_OK);
}

static void need_crowd(const char *argument) {
  char ca_file[512];
  char *rest;
  size_t i, size = (size_t)strtoul(argument, &rest, 10);
  if (crowd != NULL) return;
  if (size == 0 || *rest != ':') die("an argument should be N:URL");
  (void)snprintf(ca_file, sizeof ca_file, "%s/server-ca.pem", folder);
  headers = curl_slist_append(NULL, "Accept:");
  multi = curl_multi_init();
  crowd = calloc(size, sizeof *crowd);
  if (multi == NULL || crowd == NULL) die("no memory");
  crowd_size = size;
  MUST(curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)size), CURLM_OK);
  for (i = 0; i < size; i++) prepare(&crowd[i], rest + 1, ca_file);
}

static void check(const plain_request *r) {
  long status = 0;
  MUST(curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status), CURLE_OK);
  if (status != 200 || r->length == 0) die("not the answer");
}

static void collect(void) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(multi, &left)) != NULL) {
    if (message->data.result != CURLE_OK)
      die(curl_easy_strerror(message->data.result));
    MUST(curl_multi_remove_handle(multi, message->easy_handle), CURLM_OK);
  }
}

static void run_crowd(void) {
  int running = 1;
  size_t i;
  for (i = 0; i < crowd_size; i++) {
    crowd[i].length = 0;
    MUST(curl_multi_add_handle(multi, crowd[i].easy), CURLM_OK);
  }
  while (running > 0) {
    MUST(curl_multi_perform(multi, &running), CURLM_OK);
    collect();
    if (running > 0)
      MUST(curl_multi_poll(multi, NULL, 0, 1000, NULL), CURLM_OK);
  }
  for (i = 0; i < crowd_size; i++) check(&crowd[i]);
}

static double run(long count, const char *argument) {
  double start;
  need_crowd(argument);
  start = now();
  for (; count > 0; count--) run_crowd();
  return now() - start;
}

static void end(void) {
  size_t i;
  for (i = 0; i < crowd_size; i++) {
    curl_easy_cleanup(crowd[i].easy);
    free(crowd[i].body);
  }
  if (multi != NULL) (void)curl_multi_cleanup(multi);
  curl_slist_free_all(headers);
  free(crowd);
  crowd = NULL;
  headers = NULL;
  multi = NULL;
  crowd_size = 0;
}

static EVP_PKEY *read_key(void) {
  char path[512];
  FILE *file;
  EVP_PKEY *key;
  (void)snprintf(path, sizeof path, "%s/private.pem", folder);
  file = fopen(path, "rb");
  if (file == NULL) die(path);
  key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
  (void)fclose(file);
  if (key == NULL) die("not a key");
  return key;
}

static double sign(long count) {
  static EVP_PKEY *key;
  static EVP_MD *sha256;
  static unsigned char message[MESSAGE];
  unsigned char signature[MOST_SIGNATURE];
  double start;
  if (key == NULL) key = read_key();
  if (sha256 == NULL) sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
  start = now();
  for (; count > 0; count--) {
    size_t length = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL ||
        EVP_DigestSignInit(context, NULL, sha256, NULL, key) != 1 ||
        EVP_DigestSign(context, signature, &length, message, MESSAGE) != 1)
      die("it was not signed");
    EVP_MD_CTX_free(context);
  }
  return now() - start;
}

static double answer(const char *job, long count, const char *argument) {
  if (strcmp(job, "crowd") == 0) return run(count, argument);
  if (strcmp(job, "sign") == 0) return sign(count);
  if (strcmp(job, "end") != 0) die("no such job");
  end();
  return 0;
}

int main(int count, char **arguments) {
  char line[256], job[16], argument[200];
  long turns;
  if (count != 2) die("usage: more FOLDER");
  folder = arguments[1];
  MUST(curl_global_init(CURL_GLOBAL_DEFAULT), CURLE_OK);
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (sscanf(line, "%15s %ld %199s", job, &turns, argument) != 3)
      die("a line should be: job count argument");
    (void)printf("%.9f\n", answer(job, turns, argument));
    (void)fflush(stdout);
  }
  return 0;
}
