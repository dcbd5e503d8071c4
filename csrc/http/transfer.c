/* SPDX-License-Identifier: MIT */
#include "http/transfer.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "http/header_field.h"
#include "http/curl_error.h"

ap_transfer *ap_transfer_new(void) {
  ap_transfer *transfer = malloc(sizeof *transfer);
  if (transfer == NULL) return NULL;
  memset(transfer, 0, offsetof(ap_transfer, failure));
  transfer->detail[0] = '\0';
  return transfer;
}

static void free_request(ap_transfer *transfer) {
  ap_header_list_free(&transfer->headers);
  ap_wipe_free(transfer->request_body, transfer->request_body_length);
  transfer->request_body = NULL;
}

void ap_transfer_free(ap_transfer *transfer) {
  if (transfer == NULL) return;
  free_request(transfer);
  ap_url_drop(transfer->url);
  ap_buffer_free(&transfer->head);
  ap_buffer_free(&transfer->body);
  free(transfer);
}

static void store(ap_transfer *transfer, ap_buffer *buf, const char *bytes,
                  size_t length) {
  if (transfer->received != NULL) ++*transfer->received;
  switch (ap_buffer_append(buf, bytes, length)) {
    case AP_BUFFER_OK: break;
    case AP_BUFFER_FULL: transfer->too_large = 1; break;
    default: transfer->no_memory = 1;
  }
}

static size_t on_body(char *bytes, size_t one, size_t length, void *context) {
  ap_transfer *transfer = context;
  (void)one;
  store(transfer, &transfer->body, bytes, length);
  return transfer->too_large || transfer->no_memory ? 0 : length;
}

/* libcurl accepts "HTTP/" in upper and lower case. */
static int is_status_line(const char *line, size_t length) {
  return length >= 5 && ap_header_field_is(line, 5, "http/");
}

/* The lines that are not in `head` have the same limit, because libcurl stores
** them, too. */
static void count_skipped(ap_transfer *transfer, size_t length) {
  transfer->skipped += length;
  if (transfer->skipped > transfer->head.ceiling) transfer->too_large = 1;
}

/* A status line (after a 1xx response) begins a new head. Lines after the end
** of the head are trailers, which are dropped. */
static size_t on_header(char *line, size_t one, size_t length, void *context) {
  ap_transfer *transfer = context;
  (void)one;
  if (is_status_line(line, length)) {
    count_skipped(transfer, transfer->head.length + length);
    ap_buffer_clear(&transfer->head);
    transfer->head_complete = 0;
    transfer->status = ap_header_field_status(line, length);
  } else if (length <= 2) {
    transfer->head_complete = 1;
  } else if (!transfer->head_complete) {
    store(transfer, &transfer->head, line, length);
  } else {
    count_skipped(transfer, length);
  }
  return transfer->too_large || transfer->no_memory ? 0 : length;
}

/* Turns the guard against curl/curl#11103 (easy_pool.c) on after a status line,
** and off after the line that follows it. */
static void guard_fold(CURL *easy, int on) {
  (void)curl_easy_setopt(easy, CURLOPT_VERBOSE, on ? 1L : 0L);
}

static size_t on_header_guarded(char *line, size_t one, size_t length,
                                void *context) {
  ap_transfer *transfer = context;
  int begins = is_status_line(line, length);
  if (begins || transfer->guards_fold) guard_fold(transfer->easy, begins);
  transfer->guards_fold = begins;
  return on_header(line, one, length, context);
}

static int copy_body(ap_transfer *transfer, const ap_request *request,
                     ap_failure *failure) {
  if (request->body == NULL) return 1;
  transfer->request_body = ap_copy(request->body, request->body_length);
  transfer->request_body_length = request->body_length;
  return transfer->request_body != NULL ? 1 : ap_failure_no_memory(failure);
}

/* Returns whether libcurl sends a body. A POST has at least an empty one. */
static int sends_body(const ap_request *request) {
  return request->body != NULL || strcmp(request->method, "POST") == 0;
}

static CURLcode set_post(CURL *easy, const ap_transfer *transfer) {
  const char *body = transfer->request_body;
  AP_SET(CURLOPT_POST, 1L);
  AP_SET(CURLOPT_POSTFIELDSIZE_LARGE,
         (curl_off_t)transfer->request_body_length);
  AP_SET(CURLOPT_POSTFIELDS, body != NULL ? body : "");
  return CURLE_OK;
}

static CURLcode set_method(CURL *easy, const ap_transfer *transfer,
                           const ap_request *request) {
  const char *method = request->method;
  int post = strcmp(method, "POST") == 0;
  int head = strcmp(method, "HEAD") == 0;
  int get = strcmp(method, "GET") == 0;
  int has_body = sends_body(request);
  if (has_body) {
    CURLcode code = set_post(easy, transfer);
    if (code != CURLE_OK) return code;
  } else {
    AP_SET(CURLOPT_HTTPGET, 1L);
    if (head) AP_SET(CURLOPT_NOBODY, 1L);
  }
  AP_SET(CURLOPT_CUSTOMREQUEST,
         post || head || (get && !has_body) ? NULL : method);
  return CURLE_OK;
}

CURLcode ap_transfer_set_callbacks(CURL *easy, int guards_fold) {
  AP_SET(CURLOPT_WRITEFUNCTION, on_body);
  AP_SET(CURLOPT_HEADERFUNCTION, guards_fold ? on_header_guarded : on_header);
  return CURLE_OK;
}

static CURLcode set_receiver(CURL *easy, ap_transfer *transfer) {
  AP_SET(CURLOPT_PRIVATE, transfer);
  AP_SET(CURLOPT_ERRORBUFFER, transfer->detail);
  AP_SET(CURLOPT_WRITEDATA, transfer);
  AP_SET(CURLOPT_HEADERDATA, transfer);
  return CURLE_OK;
}

static void set_timeouts(ap_transfer *transfer,
                         const ap_transport_options *options,
                         const ap_request *request) {
  transfer->timeout =
    request->timeout > 0 ? request->timeout : options->timeout;
  transfer->connect_timeout = request->connect_timeout > 0
                                ? request->connect_timeout
                                : options->connect_timeout;
}

/* At least 1: 0 means no timeout to libcurl. */
static long milliseconds(double seconds) {
  return seconds < 0.001 ? 1 : (long)(seconds * 1000);
}

static CURLcode set_bounds(CURL *easy, const ap_transfer *transfer,
                           const ap_request *request) {
  int has_body = strcmp(request->method, "HEAD") != 0;
  AP_SET(CURLOPT_MAXFILESIZE_LARGE,
         has_body ? (curl_off_t)transfer->body.ceiling : 0);
  AP_SET(CURLOPT_TIMEOUT_MS, milliseconds(transfer->timeout));
  AP_SET(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(transfer->connect_timeout));
  return CURLE_OK;
}

/* FRESH_CONNECT: libcurl repeats a request, also a POST, if a reused connection
** is lost before the response; `fresh` is for requests that must not be
** repeated. PIPEWAIT: over https, requests that start together wait for one
** HTTP/2 connection; over http/1.1 they would wait for the first response.
** PROXY: plain http to this machine uses none. */
static CURLcode set_route(CURL *easy, const ap_transfer *transfer,
                          const ap_transport_options *options,
                          const ap_request *request) {
  ap_url_kind kind = transfer->url->kind;
  const char *proxy = options->texts[AP_TEXT_PROXY];
  int shares = kind == AP_URL_HTTPS && options->http2 && !request->fresh;
  AP_SET(CURLOPT_PIPEWAIT, shares ? 1L : 0L);
  AP_SET(CURLOPT_FRESH_CONNECT, request->fresh ? 1L : 0L);
  if (proxy != NULL)
    AP_SET(CURLOPT_PROXY, kind == AP_URL_LOOPBACK ? "" : proxy);
  return CURLE_OK;
}

/* CURLOPT_CURLU(3) takes precedence over CURLOPT_URL. The text is set, too:
** without it libcurl 7.88 formats the URL again for each request, and libcurl
** reads it when it repeats a request. */
static CURLcode set_target(CURL *easy, const ap_transfer *transfer) {
  AP_SET(CURLOPT_URL, transfer->url->text);
  AP_SET(CURLOPT_CURLU, transfer->url->parsed);
  AP_SET(CURLOPT_HTTPHEADER, transfer->headers.first);
  return CURLE_OK;
}

static CURLcode set_all(ap_transfer *transfer,
                        const ap_transport_options *options,
                        const ap_request *request) {
  CURL *easy = transfer->easy;
  CURLcode code = set_target(easy, transfer);
  if (code == CURLE_OK) code = set_method(easy, transfer, request);
  if (code == CURLE_OK) code = set_receiver(easy, transfer);
  if (code == CURLE_OK) code = set_bounds(easy, transfer, request);
  if (code == CURLE_OK) code = set_route(easy, transfer, options, request);
  return code;
}

int ap_transfer_prepare(ap_transfer *transfer,
                        const ap_transport_settings *settings,
                        const ap_request *request, ap_failure *failure) {
  const ap_transport_options *options = &settings->options;
  size_t most = request->max_body > 0 ? request->max_body : options->max_body;
  CURLcode code;
  ap_buffer_init(&transfer->head, options->max_headers);
  ap_buffer_init(&transfer->body, most);
  set_timeouts(transfer, options, request);
  if (!copy_body(transfer, request, failure) ||
      !ap_header_list_complete(&transfer->headers,
                               options->texts[AP_TEXT_USER_AGENT],
                               sends_body(request), failure))
    return 0;
  code = set_all(transfer, options, request);
  if (code == CURLE_OK) return 1;
  ap_curl_error_set(code, transfer->detail, failure);
  return 0;
}

/* The easy handle outlives the transfer. Removes the pointers that libcurl may
** use before the next request sets the others. */
static void forget(CURL *easy) {
  guard_fold(easy, 0);
  (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
  (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
  (void)curl_easy_setopt(easy, CURLOPT_CURLU, NULL);
}

static double seconds_of(CURL *easy, CURLINFO what) {
  curl_off_t microseconds = 0;
  (void)curl_easy_getinfo(easy, what, &microseconds);
  return (double)microseconds / 1e6;
}

static const char *version_of(CURL *easy) {
  long version = 0;
  (void)curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
  switch (version) {
    case CURL_HTTP_VERSION_1_0: return "1.0";
    case CURL_HTTP_VERSION_2_0: return "2";
    case CURL_HTTP_VERSION_3: return "3";
    default: return "1.1";
  }
}

static void read_facts(CURL *easy, ap_transfer_info *facts) {
  long connections = 0;
  (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &facts->status);
  (void)curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connections);
  facts->http_version = version_of(easy);
  facts->reused = connections == 0;
  facts->name = seconds_of(easy, CURLINFO_NAMELOOKUP_TIME_T);
  facts->connect = seconds_of(easy, CURLINFO_CONNECT_TIME_T);
  facts->tls = seconds_of(easy, CURLINFO_APPCONNECT_TIME_T);
  facts->first_byte = seconds_of(easy, CURLINFO_STARTTRANSFER_TIME_T);
  facts->total = seconds_of(easy, CURLINFO_TOTAL_TIME_T);
}

/* Before 8.6, libcurl reported "out of memory" for a header line longer than
** 100 KiB. */
static int is_long_line(CURL *easy, CURLcode code) {
  return code == CURLE_OUT_OF_MEMORY &&
         seconds_of(easy, CURLINFO_STARTTRANSFER_TIME_T) > 0;
}

/* Older versions of libcurl report a refused proxy tunnel as CURLE_RECV_ERROR. */
static CURLcode refine(const ap_transfer *transfer, CURLcode code) {
  long proxy_status = 0;
  if (transfer->no_memory) return CURLE_OUT_OF_MEMORY;
  if (transfer->too_large || is_long_line(transfer->easy, code))
    return CURLE_FILESIZE_EXCEEDED;
  (void)curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE,
                          &proxy_status);
  return proxy_status >= 300 ? CURLE_PROXY : code;
}

int ap_transfer_is_sent(const ap_transfer *transfer) {
  return seconds_of(transfer->easy, CURLINFO_PRETRANSFER_TIME_T) > 0;
}

void ap_transfer_finish(ap_transfer *transfer, CURLcode code) {
  const char *detail = transfer->too_large ? NULL : transfer->detail;
  if (code == CURLE_OK) {
    read_facts(transfer->easy, &transfer->facts);
    transfer->state = AP_TRANSFER_DONE;
    /* libcurl 7.88 accepts any number as a status after "HTTP/2", and 8.14
    ** reports 200 for a status that it cannot parse. */
    if (transfer->status > 0 && transfer->facts.status == transfer->status)
      return;
    code = CURLE_WEIRD_SERVER_REPLY;
  }
  ap_curl_error_set(refine(transfer, code), detail, &transfer->failure);
  transfer->state = AP_TRANSFER_FAILED;
}

void ap_transfer_abandon(ap_transfer *transfer, const char *code,
                         const char *sentence) {
  (void)ap_failure_set(&transfer->failure, code, "%s", sentence);
  transfer->state = AP_TRANSFER_FAILED;
}

CURL *ap_transfer_detach(ap_transfer *transfer) {
  CURL *easy = transfer->easy;
  if (easy != NULL) forget(easy);
  transfer->easy = NULL;
  free_request(transfer);
  return easy;
}
