/* SPDX-License-Identifier: MIT */
/* What a transport's transfers have in common, and its way into libcurl. */
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
  AP_CURL_TEXTS, /* those before it are options of libcurl as they are */
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
  ap_transport_options options; /* its texts are the copies */
  char *copies[AP_TEXTS];
  CURLSH *tls_sessions; /* for all connections: the next handshake is short */
  struct curl_slist *overrides, *plain_hosts;
} ap_transport_settings;

/* Copies the options; fails when a file that they name cannot be read. */
int ap_transport_settings_open(ap_transport_settings *settings,
                               const ap_transport_options *options,
                               ap_failure *failure);
void ap_transport_settings_close(ap_transport_settings *settings);

/* Whether the text is "host:port:address[,address...]" (CURLOPT_RESOLVE(3)). */
int ap_transport_options_is_resolve_entry(const char *entry);
/* Adds such an entry; "insecure_url" if it would redirect this machine. */
int ap_transport_settings_resolve(ap_transport_settings *settings,
                                  const char *entry, ap_failure *failure);
int ap_transport_settings_allow_http(ap_transport_settings *settings,
                                     const char *host, ap_failure *failure);

/* Sets what stays the same for each request of the transport. */
CURLcode ap_transport_settings_apply(const ap_transport_settings *settings,
                                     CURL *easy);

#endif
