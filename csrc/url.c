/* SPDX-License-Identifier: MIT */
#include "url.h"

#include <string.h>

#include <arpa/inet.h>

#include "header.h"

int ap_url_is_clean(const char *url, size_t length) {
  size_t i;
  for (i = 0; i < length; i++) {
    unsigned char c = (unsigned char)url[i];
    if (c <= 0x20 || c == 0x7f) return 0;
  }
  return length > 0;
}

static int starts(const char *url, const char *scheme) {
  size_t length = strlen(scheme);
  return strlen(url) > length && ap_header_is(url, length, scheme);
}

/* Name and port between the slashes, and nothing else. A user's password
** would be one more secret in one more log; of further slashes libcurl passes
** over some, and would find a user behind them. */
static int names_a_host_alone(const char *after_scheme) {
  size_t length = strcspn(after_scheme, "/?#");
  return length > 0 && memchr(after_scheme, '@', length) == NULL &&
         memchr(after_scheme, '\\', length) == NULL;
}

int ap_url_has_name(const char *url) {
  const char *slashes = strstr(url, "//");
  const char *host = slashes != NULL ? slashes + 2 : url;
  char next = host[strspn(host, "0123456789.")];
  return *host != '[' && next != ':' && next != '/' && next != '\0';
}

static int is_loopback(const char *host) {
  struct in_addr address;
  if (ap_header_is(host, strlen(host), "localhost")) return 1;
  if (strcmp(host, "[::1]") == 0) return 1;
  return inet_pton(AF_INET, host, &address) == 1 &&
         ntohl(address.s_addr) >> 24 == 127;
}

/* The usual spellings, which nobody reads in another way. */
static int is_plainly_loopback(const char *after_scheme) {
  size_t length = strcspn(after_scheme, ":/?#");
  return ap_header_is(after_scheme, length, "127.0.0.1") ||
         ap_header_is(after_scheme, length, "localhost");
}

static int is_allowed(const char *host, const struct curl_slist *allowed) {
  for (; allowed != NULL; allowed = allowed->next)
    if (ap_header_is(host, strlen(host), allowed->data)) return 1;
  return 0;
}

static ap_url_kind judge_host(const char *host,
                              const struct curl_slist *allowed,
                              ap_failure *failure) {
  if (is_loopback(host)) return AP_URL_LOOPBACK;
  if (is_allowed(host, allowed)) return AP_URL_PLAIN;
  (void)ap_fail(failure, "insecure_url",
                "Plain http goes to this machine alone: use https, or name "
                "%.100s in allow_http.", host);
  return AP_URL_REFUSED;
}

/* libcurl's own parser names the host here, so that it cannot see another
** one later. */
static ap_url_kind judge_http(const char *url,
                              const struct curl_slist *allowed,
                              ap_failure *failure) {
  ap_url_kind kind = AP_URL_REFUSED;
  char *host = NULL;
  CURLU *parsed = curl_url();
  if (parsed == NULL) return (ap_url_kind)ap_fail_memory(failure);
  if (curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
      curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK)
    kind = judge_host(host, allowed, failure);
  else
    (void)ap_fail(failure, "invalid_url", "The URL names no host.");
  curl_free(host);
  curl_url_cleanup(parsed);
  return kind;
}

ap_url_kind ap_url_judge(const char *url, const struct curl_slist *allowed,
                         ap_failure *failure) {
  int secure = starts(url, "https://");
  if (!secure && !starts(url, "http://")) {
    (void)ap_fail(failure, "invalid_url",
                  "The URL should begin with https://.");
    return AP_URL_REFUSED;
  }
  if (!names_a_host_alone(url + (secure ? 8 : 7))) {
    (void)ap_fail(failure, "invalid_url",
                  "The URL should name a host, and no user.");
    return AP_URL_REFUSED;
  }
  if (secure) return AP_URL_HTTPS;
  if (is_plainly_loopback(url + 7)) return AP_URL_LOOPBACK;
  return judge_http(url, allowed, failure);
}
