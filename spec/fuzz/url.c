/* SPDX-License-Identifier: MIT */
/* The check of a URL agrees with libcurl: the scheme, no user, and for plain
** http a loopback host or a listed host. For loopback, libcurl reports the
** address that it would connect to, without opening a socket. */
#include "fuzz.h"

#include <string.h>

#include <arpa/inet.h>

#include "base/buffer.h"
#include "http/url.h"

static const char named[] = "plain.example";

static char *part_of(const char *url, CURLUPart part) {
  CURLU *parsed = curl_url();
  char *text = NULL;
  MUST(parsed != NULL);
  if (curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK)
    (void)curl_url_get(parsed, part, &text, 0);
  curl_url_cleanup(parsed);
  return text;
}

static int part_is(const char *url, CURLUPart part, const char *wanted) {
  char *text = part_of(url, part);
  int is = text != NULL && curl_strequal(text, wanted);
  curl_free(text);
  return is;
}

static int is_loopback(const char *host) {
  unsigned first, rest;
  return curl_strequal(host, "localhost") || strcmp(host, "[::1]") == 0 ||
         (sscanf(host, "%u.%u", &first, &rest) == 2 && first == 127 &&
          strspn(host, "0123456789.") == strlen(host));
}

static curl_socket_t look(void *context, curlsocktype purpose,
                          struct curl_sockaddr *address) {
  const struct sockaddr *raw = &address->addr;
  (void)purpose;
  if (address->family == AF_INET) {
    struct sockaddr_in four;
    memcpy(&four, raw, sizeof four);
    MUST(ntohl(four.sin_addr.s_addr) >> 24 == 127);
  } else {
    struct sockaddr_in6 six;
    MUST(address->family == AF_INET6);
    memcpy(&six, raw, sizeof six);
    MUST(IN6_IS_ADDR_LOOPBACK(&six.sin6_addr));
  }
  *(int *)context = 1;
  return CURL_SOCKET_BAD;
}

/* Returns whether libcurl connects to this machine for the URL. */
static void check_address(const char *url) {
  static CURL *easy;
  int looked = 0;
  if (easy == NULL) easy = curl_easy_init();
  MUST(easy != NULL);
  (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  (void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
  (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, look);
  (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &looked);
  (void)curl_easy_setopt(easy, CURLOPT_URL, url);
  MUST(curl_easy_perform(easy) != CURLE_OK);
  MUST(looked);
}

static void check_loopback(const char *url) {
  char *host = part_of(url, CURLUPART_HOST);
  MUST(host != NULL && is_loopback(host));
  curl_free(host);
  check_address(url);
}

static void check_accepted(const char *url, ap_url_kind kind) {
  char *user = part_of(url, CURLUPART_USER);
  char *scheme = part_of(url, CURLUPART_SCHEME);
  MUST(user == NULL && scheme != NULL);
  MUST(strcmp(scheme, kind == AP_URL_HTTPS ? "https" : "http") == 0);
  curl_free(scheme);
}

/* The host of a URL without a name is an IP address. */
static void check_name(const char *text, const ap_url *url) {
  struct in_addr address;
  char *host = part_of(text, CURLUPART_HOST);
  MUST(host != NULL);
  MUST(url->has_name || *host == '[' ||
       inet_pton(AF_INET, host, &address) == 1);
  curl_free(host);
}

static void check_kind(const char *text, const ap_url *url,
                       const struct curl_slist *allowed) {
  MUST(strcmp(url->text, text) == 0);
  check_accepted(text, url->kind);
  check_name(text, url);
  if (url->kind == AP_URL_LOOPBACK) check_loopback(text);
  if (url->kind == AP_URL_PLAIN)
    MUST(allowed != NULL && part_is(text, CURLUPART_HOST, named));
}

/* A second check of the same text gives the same result. */
static void check_judge(const char *text, const struct curl_slist *allowed) {
  ap_failure failure = { NULL, "" };
  ap_url *url = ap_url_open(text, allowed, &failure);
  ap_url *again = ap_url_open(text, allowed, NULL);
  if (url == NULL) {
    MUST(again == NULL);
    MUST(failure.code != NULL && failure.message[0] != '\0');
  } else {
    MUST(again != NULL && again->kind == url->kind);
    check_kind(text, url, allowed);
  }
  ap_url_drop(again);
  ap_url_drop(url);
}

static void check_clean(const char *url, size_t length) {
  size_t i;
  if (!ap_url_is_clean(url, length)) return;
  MUST(length > 0);
  for (i = 0; i < length; i++)
    MUST((unsigned char)url[i] > ' ' && url[i] != 0x7f);
}

/* An accepted proxy has a host, as parsed by libcurl. */
static void check_proxy(const char *url) {
  CURLU *parsed = curl_url();
  char *host = NULL;
  MUST(parsed != NULL);
  if (ap_url_is_proxy(url)) {
    MUST(curl_url_set(parsed, CURLUPART_URL, url,
                      CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) ==
         CURLUE_OK);
    MUST(curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK);
    MUST(*host != '\0' && strpbrk(host, "/?#@") == NULL);
  }
  curl_free(host);
  curl_url_cleanup(parsed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char name[sizeof named];
  struct curl_slist allowed = { name, NULL };
  char *url = ap_copy(data, size);
  MUST(url != NULL);
  memcpy(name, named, sizeof named);
  check_clean(url, size);
  check_judge(url, NULL);
  check_judge(url, &allowed);
  check_proxy(url);
  free(url);
  return 0;
}
