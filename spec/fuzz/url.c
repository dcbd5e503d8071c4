/* SPDX-License-Identifier: MIT */
/* Whatever is judged, libcurl must see the same: the scheme, no user, and for
** plain http this machine or a host that was named. Where this machine is the
** verdict, libcurl is asked for the address that it would connect to; no
** socket is ever made. */
#include "fuzz.h"

#include <string.h>

#include <arpa/inet.h>

#include "buf.h"
#include "url.h"

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

/* Would libcurl, given this URL as it is, stay on this machine? */
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

/* What libcurl cannot read (a port of six digits) goes nowhere. */
static void check_loopback(const char *url) {
  char *host = part_of(url, CURLUPART_HOST);
  if (host == NULL) return;
  MUST(is_loopback(host));
  curl_free(host);
  check_address(url);
}

static void check_accepted(const char *url, ap_url_kind kind) {
  char *user = part_of(url, CURLUPART_USER);
  char *scheme = part_of(url, CURLUPART_SCHEME);
  MUST(user == NULL);
  if (scheme != NULL)
    MUST(strcmp(scheme, kind == AP_URL_HTTPS ? "https" : "http") == 0);
  curl_free(scheme);
  curl_free(user);
}

static void check_judge(const char *url, const struct curl_slist *allowed) {
  ap_failure failure = { NULL, "" };
  ap_url_kind kind = ap_url_judge(url, allowed, &failure);
  if (kind == AP_URL_REFUSED) {
    MUST(failure.code != NULL && failure.message[0] != '\0');
    return;
  }
  check_accepted(url, kind);
  if (kind == AP_URL_LOOPBACK) check_loopback(url);
  if (kind == AP_URL_PLAIN)
    MUST(allowed != NULL && part_is(url, CURLUPART_HOST, named));
}

static void check_clean(const char *url, size_t length) {
  size_t i;
  if (!ap_url_is_clean(url, length)) return;
  MUST(length > 0);
  for (i = 0; i < length; i++)
    MUST((unsigned char)url[i] > ' ' && url[i] != 0x7f);
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
  free(url);
  return 0;
}
