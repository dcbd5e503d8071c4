/* SPDX-License-Identifier: MIT */
#include "http/transport_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "http/header_field.h"

static const CURLoption curl_names[AP_CURL_TEXTS] = {
  CURLOPT_SSLCERT,         CURLOPT_SSLKEY, CURLOPT_KEYPASSWD,
  CURLOPT_PINNEDPUBLICKEY, CURLOPT_PROXY,
};

/* Checks the files now: libcurl would report a missing one only when the first
** request fails. */
static int check_files(const ap_transport_options *options,
                       ap_failure *failure) {
  static const ap_text_option files[] = {
    AP_TEXT_CA_FILE,
    AP_TEXT_CA_PATH,
    AP_TEXT_CLIENT_CERT,
    AP_TEXT_CLIENT_KEY,
  };
  size_t i;
  for (i = 0; i < sizeof files / sizeof *files; i++) {
    const char *path = options->texts[files[i]];
    if (path != NULL && access(path, R_OK) != 0)
      return ap_failure_set(failure,
                            errno == ENOENT ? "not_found" : "no_access",
                            "Cannot read %s: %s.", path, strerror(errno));
  }
  return 1;
}

static int copy_texts(ap_transport_settings *settings,
                      const ap_transport_options *options) {
  size_t i;
  for (i = 0; i < AP_TEXTS; i++) {
    const char *text = options->texts[i];
    if (text == NULL) continue;
    settings->copies[i] = ap_copy(text, strlen(text));
    if (settings->copies[i] == NULL) return 0;
    settings->options.texts[i] = settings->copies[i];
  }
  return 1;
}

/* Shares TLS sessions between the easy handles. Otherwise each would have its
** own and lose them when it is freed. */
static int keep_tls_sessions(ap_transport_settings *settings) {
  settings->tls_sessions = curl_share_init();
  return settings->tls_sessions != NULL &&
         curl_share_setopt(settings->tls_sessions, CURLSHOPT_SHARE,
                           CURL_LOCK_DATA_SSL_SESSION) == CURLSHE_OK;
}

int ap_transport_settings_open(ap_transport_settings *settings,
                               const ap_transport_options *options,
                               ap_failure *failure) {
  memset(settings, 0, sizeof *settings);
  if (!check_files(options, failure)) return 0;
  settings->options = *options;
  if (!copy_texts(settings, options) || !keep_tls_sessions(settings))
    (void)ap_failure_no_memory(failure);
  else return 1;
  ap_transport_settings_close(settings);
  return 0;
}

void ap_transport_settings_close(ap_transport_settings *settings) {
  size_t i;
  for (i = 0; i < AP_TEXTS; i++) {
    char *text = settings->copies[i];
    ap_wipe_free(text, text != NULL ? strlen(text) : 0);
  }
  if (settings->tls_sessions != NULL)
    (void)curl_share_cleanup(settings->tls_sessions);
  curl_slist_free_all(settings->resolve_entries);
  curl_slist_free_all(settings->plain_hosts);
  memset(settings, 0, sizeof *settings);
}

static int append(struct curl_slist **list, const char *text,
                  ap_failure *failure) {
  struct curl_slist *longer = curl_slist_append(*list, text);
  if (longer == NULL) return ap_failure_no_memory(failure);
  *list = longer;
  return 1;
}

enum { LONGEST_PORT = 5, HIGHEST_PORT = 65535, LONGEST_ADDRESS = 45 };

static const char digits[] = "0123456789";

static int is_port(const char *text, size_t length) {
  long port = strtol(text, NULL, 10);
  return length > 0 && length <= LONGEST_PORT &&
         strspn(text, digits) == length && port > 0 && port <= HIGHEST_PORT;
}

/* Accepts IPv4, and IPv6 with or without brackets. */
static int is_address(const char *text, size_t length) {
  char address[LONGEST_ADDRESS + 1];
  unsigned char bytes[sizeof(struct in6_addr)];
  int bracketed = length > 2 && text[0] == '[' && text[length - 1] == ']';
  if (bracketed) {
    text++;
    length -= 2;
  }
  if (length > LONGEST_ADDRESS) return 0;
  memcpy(address, text, length);
  address[length] = '\0';
  return inet_pton(AF_INET6, address, bytes) == 1 ||
         (!bracketed && inet_pton(AF_INET, address, bytes) == 1);
}

static int are_addresses(const char *text) {
  for (;;) {
    size_t length = strcspn(text, ",");
    if (!is_address(text, length)) return 0;
    if (text[length] == '\0') return 1;
    text += length + 1;
  }
}

int ap_transport_options_is_resolve_entry(const char *entry) {
  size_t host = strcspn(entry, ":"), port;
  if (host == 0 || entry[host] == '\0') return 0;
  port = strcspn(entry + host + 1, ":");
  return is_port(entry + host + 1, port) && entry[host + 1 + port] == ':' &&
         are_addresses(entry + host + 1 + port + 1);
}

/* Accepts a host name other than localhost: no address, and none of the forms
** "+name", "-name" and "*" of CURLOPT_RESOLVE(3). */
static int names_other_machine(const char *entry) {
  static const char numeric[] = "0123456789.";
  static const char others[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_0123456789.";
  size_t length = strcspn(entry, ":");
  return entry[0] != '-' && strspn(entry, others) == length &&
         strspn(entry, numeric) < length &&
         !ap_header_field_is(entry, length, "localhost");
}

/* Plain http to localhost and loopback addresses is allowed because they are
** this machine, so no resolve entry may point them to another one. */
int ap_transport_settings_resolve(ap_transport_settings *settings,
                                  const char *entry, ap_failure *failure) {
  if (!names_other_machine(entry))
    return ap_failure_set(failure, "insecure_url",
                          "A resolve entry must name another host: "
                          "not localhost, an address or a pattern.");
  return append(&settings->resolve_entries, entry, failure);
}

int ap_transport_settings_allow_http(ap_transport_settings *settings,
                                     const char *host, ap_failure *failure) {
  return append(&settings->plain_hosts, host, failure);
}

static CURLcode apply_texts(const ap_transport_settings *settings,
                            CURL *easy) {
  size_t i;
  for (i = 0; i < AP_CURL_TEXTS; i++) {
    const char *text = settings->options.texts[i];
    if (text != NULL) AP_SET(curl_names[i], text);
  }
  return CURLE_OK;
}

/* `ca_file` and `ca_path` replace the system's CAs. With only one of them set,
** libcurl would use the system's default for the other. */
static CURLcode apply_trust(const ap_transport_options *options, CURL *easy) {
  const char *file = options->texts[AP_TEXT_CA_FILE];
  const char *path = options->texts[AP_TEXT_CA_PATH];
  if (file == NULL && path == NULL) return CURLE_OK;
  AP_SET(CURLOPT_CAINFO, file);
  AP_SET(CURLOPT_CAPATH, path);
  AP_SET(CURLOPT_PROXY_CAINFO, file);
  AP_SET(CURLOPT_PROXY_CAPATH, path);
  return CURLE_OK;
}

/* The same TLS version applies to an https proxy. */
static CURLcode apply_tls(const ap_transport_settings *settings, CURL *easy) {
  const ap_transport_options *options = &settings->options;
  long version =
    options->tls_1_3 ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2;
  AP_SET(CURLOPT_SHARE, settings->tls_sessions);
  AP_SET(CURLOPT_SSL_VERIFYPEER, 1L);
  AP_SET(CURLOPT_SSL_VERIFYHOST, 2L);
  AP_SET(CURLOPT_SSLVERSION, version);
  AP_SET(CURLOPT_PROXY_SSLVERSION, version);
  return apply_trust(options, easy);
}

/* Only the caller's proxy is used, and always as a tunnel, so that the proxy
** cannot read the headers of https requests. */
static CURLcode apply_proxy(CURL *easy) {
  AP_SET(CURLOPT_PROXY, "");   /* ignores the environment's proxies */
  AP_SET(CURLOPT_NOPROXY, ""); /* ignores the environment's no_proxy */
  AP_SET(CURLOPT_HTTPPROXYTUNNEL, 1L);
  AP_SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  AP_SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
  return CURLE_OK;
}

/* libcurl 7.88 allocates a receive buffer for each transfer. malloc serves the
** smallest allowed size from its cache, but not the default of 16 KiB. With
** HTTP/2 the size stays at 16 KiB, the size of a frame (RFC 9113 section 4.2),
** because libcurl 7.88 delivers data that does not fit only when it is called
** again. */
enum { SMALLEST_BUFFER = 1024 };

/* Without HTTP/2 in libcurl, requests use HTTP/1.1. */
static int uses_http2(const ap_transport_options *options) {
  int features = curl_version_info(CURLVERSION_NOW)->features;
  return options->http2 && (features & CURL_VERSION_HTTP2) != 0;
}

static CURLcode apply_protocol(const ap_transport_settings *settings,
                               CURL *easy) {
  const ap_transport_options *options = &settings->options;
  int http2 = uses_http2(options);
#if LIBCURL_VERSION_NUM >= 0x075500
  AP_SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
  AP_SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  AP_SET(CURLOPT_FOLLOWLOCATION, 0L);
  AP_SET(CURLOPT_HTTP_VERSION,
         (long)(http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  if (!http2) AP_SET(CURLOPT_BUFFERSIZE, (long)SMALLEST_BUFFER);
  if (options->compression) AP_SET(CURLOPT_ACCEPT_ENCODING, "");
  return CURLE_OK;
}

/* Sets close-on-exec, so that child processes do not inherit connections. */
static curl_socket_t open_socket(void *context, curlsocktype purpose,
                                 struct curl_sockaddr *address) {
  (void)context;
  (void)purpose;
#ifdef SOCK_CLOEXEC
  return socket(address->family, address->socktype | SOCK_CLOEXEC,
                address->protocol);
#else
  int fd = socket(address->family, address->socktype, address->protocol);
  if (fd >= 0) (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
#endif
}

CURLcode ap_transport_settings_apply(const ap_transport_settings *settings,
                                     CURL *easy) {
  CURLcode code;
  AP_SET(CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
  AP_SET(CURLOPT_QUICK_EXIT, 1L); /* cleanup does not wait for a DNS lookup */
#endif
  AP_SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
  AP_SET(CURLOPT_DNS_CACHE_TIMEOUT, settings->options.dns_cache);
  if (settings->resolve_entries != NULL)
    AP_SET(CURLOPT_RESOLVE, settings->resolve_entries);
  code = apply_protocol(settings, easy);
  if (code == CURLE_OK) code = apply_tls(settings, easy);
  if (code == CURLE_OK) code = apply_proxy(easy);
  return code == CURLE_OK ? apply_texts(settings, easy) : code;
}
