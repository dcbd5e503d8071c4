/* SPDX-License-Identifier: MIT */
/* The options of a transport, and their application to easy handles. */
#ifndef AP_HTTP_TRANSPORT_OPTIONS_H
#define AP_HTTP_TRANSPORT_OPTIONS_H

#include <stddef.h>

#include <curl/curl.h>

#include "base/failure.h"

typedef enum {
  AP_TEXT_CLIENT_CERT,
  AP_TEXT_CLIENT_KEY,
  AP_TEXT_CLIENT_KEY_PASSWORD,
  AP_TEXT_PINNED_PUBLIC_KEY,
  AP_TEXT_PROXY,
  AP_CURL_TEXTS, /* the texts before it are passed to libcurl unchanged */
  AP_TEXT_CA_FILE = AP_CURL_TEXTS,
  AP_TEXT_CA_PATH,
  AP_TEXT_USER_AGENT,
  AP_TEXTS
} ap_text_option;

typedef struct {
  const char *texts[AP_TEXTS];                /* each may be NULL */
  double connect_timeout, timeout;            /* seconds */
  size_t max_body, max_headers;               /* bytes */
  long max_connections, max_host_connections; /* 0: no limit */
  long dns_cache;                             /* seconds */
  int tls_1_3, http2, compression;
} ap_transport_options;

typedef struct {
  ap_transport_options options; /* its texts point to `copies` */
  char *copies[AP_TEXTS];
  CURLSH *tls_sessions; /* shared, so that TLS sessions are resumed */
  struct curl_slist *resolve_entries, *plain_hosts;
} ap_transport_settings;

/* Copies the options. Returns 0 with "not_found" or "no_access" if a file that
** they name cannot be read, or "out_of_memory". */
int ap_transport_settings_open(ap_transport_settings *settings,
                               const ap_transport_options *options,
                               ap_failure *failure);
void ap_transport_settings_close(ap_transport_settings *settings);

/* Returns whether the text is "host:port:address[,address...]", see
** CURLOPT_RESOLVE(3). */
int ap_transport_options_is_resolve_entry(const char *entry);
/* Adds a resolve entry. Returns 0 with "insecure_url" for localhost, an address
** or a pattern, or "out_of_memory". */
int ap_transport_settings_resolve(ap_transport_settings *settings,
                                  const char *entry, ap_failure *failure);
int ap_transport_settings_allow_http(ap_transport_settings *settings,
                                     const char *host, ap_failure *failure);

/* Sets an option of `easy`. If that fails, returns from the function with the
** CURLcode. */
#define AP_SET(option, value) \
  do { \
    CURLcode code_ = curl_easy_setopt(easy, option, value); \
    if (code_ != CURLE_OK) return code_; \
  } while (0)

/* Sets the options that are the same for all requests of the transport. */
CURLcode ap_transport_settings_apply(const ap_transport_settings *settings,
                                     CURL *easy);

#endif
