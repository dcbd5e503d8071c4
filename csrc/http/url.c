/* SPDX-License-Identifier: MIT */
#include "http/url.h"

#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "base/buffer.h"
#include "http/header_field.h"

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
  return strlen(url) > length && ap_header_field_is(url, length, scheme);
}

/* Accepts only a host and a port between the slashes. User information is refused
** because a password could end up in logs; extra slashes and backslashes, because
** libcurl skips them and may find user information after them; the zone of an
** address, because libcurl before 8.3 loses it in a parsed URL
** (curl/curl#11549). */
static int names_a_host_alone(const char *after_scheme) {
  size_t length = strcspn(after_scheme, "/?#");
  return length > 0 && memchr(after_scheme, '@', length) == NULL &&
         memchr(after_scheme, '\\', length) == NULL &&
         (*after_scheme != '[' || memchr(after_scheme, '%', length) == NULL);
}

static int is_address(const char *host) {
  struct in_addr address;
  return *host == '[' || inet_pton(AF_INET, host, &address) == 1;
}

static int is_loopback(const char *host) {
  struct in_addr address;
  if (ap_header_field_is(host, strlen(host), "localhost")) return 1;
  if (strcmp(host, "[::1]") == 0) return 1;
  return inet_pton(AF_INET, host, &address) == 1 &&
         ntohl(address.s_addr) >> 24 == 127;
}

static int is_allowed(const char *host, const struct curl_slist *allowed) {
  for (; allowed != NULL; allowed = allowed->next)
    if (ap_header_field_is(host, strlen(host), allowed->data)) return 1;
  return 0;
}

static ap_url_kind judge_host(const char *host,
                              const struct curl_slist *allowed,
                              ap_failure *failure) {
  if (is_loopback(host)) return AP_URL_LOOPBACK;
  if (is_allowed(host, allowed)) return AP_URL_PLAIN;
  (void)ap_failure_set(
    failure, "insecure_url",
    "Plain http is allowed only to this machine: use https, or add "
    "%.100s to allow_http.",
    host);
  return AP_URL_REFUSED;
}

static int refuse(ap_failure *failure, const char *message) {
  return ap_failure_set(failure, "invalid_url", "%s", message);
}

static int check_text(const char *text, ap_failure *failure) {
  int secure = starts(text, "https://");
  if (!secure && !starts(text, "http://"))
    return refuse(failure, "The URL should begin with https://.");
  if (!names_a_host_alone(text + (secure ? 8 : 7)))
    return refuse(failure, "The URL should have a host, and no user or zone.");
  return 1;
}

static int parse(ap_url *url, ap_failure *failure) {
  CURLUcode code;
  url->parsed = curl_url();
  if (url->parsed == NULL) return ap_failure_no_memory(failure);
  code = curl_url_set(url->parsed, CURLUPART_URL, url->text, 0);
  if (code == CURLUE_OK) return 1;
  return code == CURLUE_OUT_OF_MEMORY
           ? ap_failure_no_memory(failure)
           : refuse(failure, "The URL has no valid host.");
}

static int judge(ap_url *url, const struct curl_slist *allowed,
                 ap_failure *failure) {
  char *host = NULL;
  if (curl_url_get(url->parsed, CURLUPART_HOST, &host, 0) != CURLUE_OK)
    return ap_failure_no_memory(failure);
  url->has_name = !is_address(host);
  url->kind = starts(url->text, "https://")
                ? AP_URL_HTTPS
                : judge_host(host, allowed, failure);
  curl_free(host);
  return url->kind != AP_URL_REFUSED;
}

static ap_url *allocate(const char *text) {
  ap_url *url = calloc(1, sizeof *url);
  if (url == NULL) return NULL;
  url->uses = 1;
  url->text = ap_copy(text, strlen(text));
  if (url->text != NULL) return url;
  ap_url_drop(url);
  return NULL;
}

ap_url *ap_url_open(const char *text, const struct curl_slist *allowed,
                    ap_failure *failure) {
  ap_url *url;
  if (!check_text(text, failure)) return NULL;
  url = allocate(text);
  if (url == NULL) (void)ap_failure_no_memory(failure);
  else if (parse(url, failure) && judge(url, allowed, failure)) return url;
  ap_url_drop(url);
  return NULL;
}

ap_url *ap_url_use(ap_url *url) {
  url->uses++;
  return url;
}

void ap_url_drop(ap_url *url) {
  if (url == NULL || --url->uses > 0) return;
  curl_url_cleanup(url->parsed);
  free(url->text);
  free(url);
}

static int is_proxy_scheme(const char *text, const char *end) {
  static const char *const known[] = {
    "http", "https", "socks4", "socks4a", "socks5", "socks5h",
  };
  size_t i;
  for (i = 0; i < sizeof known / sizeof *known; i++)
    if (ap_header_field_is(text, (size_t)(end - text), known[i])) return 1;
  return 0;
}

/* Returns whether no path follows the host. This also refuses a password with
** an unescaped slash. */
static int ends_with_host(const char *text) {
  size_t length = strcspn(text, "/?#");
  return length > 0 &&
         (text[length] == '\0' || strcmp(text + length, "/") == 0);
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* Returns whether user and password can be URL-decoded without a control
** character. Otherwise libcurl drops the proxy and connects directly. */
static int has_decodable_user(const char *text) {
  const char *at = strrchr(text, '@');
  for (; at != NULL && text < at; text++) {
    int high, value;
    if (*text != '%') continue;
    high = hex_digit(text[1]);
    if (high < 0 || hex_digit(text[2]) < 0) return 0;
    value = high * 16 + hex_digit(text[2]);
    if (value < 0x20 || value == 0x7f) return 0;
  }
  return 1;
}

int ap_url_is_proxy(const char *text) {
  const char *end = strstr(text, "://");
  const char *authority = end != NULL ? end + 3 : text;
  CURLU *parsed;
  int is_one;
  if (!ap_url_is_clean(text, strlen(text)) ||
      (end != NULL && !is_proxy_scheme(text, end)) ||
      !ends_with_host(authority) || !has_decodable_user(authority))
    return 0;
  parsed = curl_url();
  if (parsed == NULL) return 1; /* out of memory */
  is_one =
    curl_url_set(parsed, CURLUPART_URL, text,
                 CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) == CURLUE_OK;
  curl_url_cleanup(parsed);
  return is_one;
}

int ap_url_is_supported_proxy(const char *proxy) {
  return !starts(proxy, "https://") ||
         (curl_version_info(CURLVERSION_NOW)->features &
          CURL_VERSION_HTTPS_PROXY) != 0;
}
