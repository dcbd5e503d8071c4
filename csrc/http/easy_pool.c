/* SPDX-License-Identifier: MIT */
#include "http/easy_pool.h"

#include <string.h>

#include "http/curl_error.h"
#include "http/transfer.h"

/* libcurl 7.84 to 8.0: a reused easy handle still points to the last header of
** the previous response. If the next response begins with a folded line,
** libcurl appends the line to that freed header: curl/curl#11103, fixed in
** 8.1.0. */
static int has_fold_bug(void) {
  unsigned version = curl_version_info(CURLVERSION_NOW)->version_num;
  return version >= 0x075400 && version < 0x080100;
}

/* Debug callback. libcurl with this bug calls it with each header line before
** it stores the line. A line that begins with a NUL fails the transfer, as a
** folded line without a preceding header does on a new handle. */
static int cut_fold(CURL *easy, curl_infotype kind, char *line, size_t length,
                    void *context) {
  (void)easy;
  (void)context;
  if (kind == CURLINFO_HEADER_IN && length > 0 &&
      (*line == ' ' || *line == '\t'))
    *line = '\0';
  return 0;
}

/* libcurl stores trailers of a proxy's error response without calling the debug
** callback. So with the bug and a proxy no handle is reused. */
void ap_easy_pool_open(ap_easy_pool *pool,
                       const ap_transport_settings *settings) {
  memset(pool, 0, sizeof *pool);
  pool->settings = settings;
  pool->guards_fold = has_fold_bug();
  pool->keeps =
    settings->options.texts[AP_TEXT_PROXY] == NULL || !pool->guards_fold;
}

static CURL *take_idle(ap_easy_pool *pool) {
  CURL *easy = pool->idle;
  char *next = NULL;
  (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &next);
  pool->idle = next;
  pool->count--;
  return easy;
}

void ap_easy_pool_close(ap_easy_pool *pool) {
  while (pool->idle != NULL) curl_easy_cleanup(take_idle(pool));
}

static CURLcode set_up(const ap_easy_pool *pool, CURL *easy) {
  CURLcode code = ap_transport_settings_apply(pool->settings, easy);
  if (code == CURLE_OK)
    code = ap_transfer_set_callbacks(easy, pool->guards_fold);
  if (code == CURLE_OK && pool->guards_fold)
    code = curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, cut_fold);
  return code;
}

static CURL *make(const ap_easy_pool *pool, ap_failure *failure) {
  CURL *easy = curl_easy_init();
  CURLcode code = easy != NULL ? set_up(pool, easy) : CURLE_OUT_OF_MEMORY;
  if (code == CURLE_OK) return easy;
  curl_easy_cleanup(easy);
  ap_curl_error_set(code, NULL, failure);
  return NULL;
}

/* A request that must not be repeated gets a new handle: after a refused HTTP/2
** stream libcurl would repeat the next request of the same handle. */
CURL *ap_easy_pool_take(ap_easy_pool *pool, int is_new, ap_failure *failure) {
  return pool->idle == NULL || is_new ? make(pool, failure) : take_idle(pool);
}

/* libcurl counts the failures of reused connections over the lifetime of a
** handle, and fails the request at the sixth one. After such a failure a request
** opens a new connection, so a handle whose last request opened one is not
** kept. */
static int is_reusable(CURL *easy) {
  long opened = 0;
  (void)curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &opened);
  return opened == 0;
}

void ap_easy_pool_keep(ap_easy_pool *pool, CURL *easy) {
  if (easy == NULL) return;
  if (!pool->keeps || pool->count == AP_EASY_POOL_SIZE || !is_reusable(easy) ||
      curl_easy_setopt(easy, CURLOPT_PRIVATE, pool->idle) != CURLE_OK) {
    curl_easy_cleanup(easy);
    return;
  }
  pool->idle = easy;
  pool->count++;
}
