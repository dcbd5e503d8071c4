/* SPDX-License-Identifier: MIT */
/* No accepted resolve entry redirects localhost or its addresses to another
** machine: libcurl reports where it would connect, without opening a socket. An
** entry that is accepted here is accepted by libcurl, too. */
#include "fuzz.h"

#include <string.h>

#include <arpa/inet.h>

#include "base/buffer.h"
#include "http/transport_options.h"

static const char *const here[] = { "http://localhost:80/",
                                    "http://LOCALHOST:80/",
                                    "http://127.0.0.1:80/", "http://[::1]:80/",
                                    NULL };

static int is_here(const struct curl_sockaddr *address) {
  if (address->family == AF_INET) {
    struct sockaddr_in four;
    memcpy(&four, &address->addr, sizeof four);
    return ntohl(four.sin_addr.s_addr) >> 24 == 127;
  } else {
    struct sockaddr_in6 six;
    memcpy(&six, &address->addr, sizeof six);
    return IN6_IS_ADDR_LOOPBACK(&six.sin6_addr);
  }
}

static curl_socket_t look(void *context, curlsocktype purpose,
                          struct curl_sockaddr *address) {
  (void)context;
  (void)purpose;
  MUST(is_here(address));
  return CURL_SOCKET_BAD;
}

static void check_ways(const ap_transport_settings *settings, int is_one) {
  CURL *easy = curl_easy_init();
  CURLcode code;
  size_t i;
  MUST(easy != NULL);
  for (i = 0; here[i] != NULL; i++) {
    curl_easy_reset(easy);
    MUST(ap_transport_settings_apply(settings, easy) == CURLE_OK);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, look);
    (void)curl_easy_setopt(easy, CURLOPT_URL, here[i]);
    code = curl_easy_perform(easy);
    MUST(code != CURLE_OK);
    MUST(!is_one || code != CURLE_SETOPT_OPTION_SYNTAX);
  }
  curl_easy_cleanup(easy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  ap_transport_options options;
  ap_transport_settings settings;
  ap_failure failure = { NULL, "" };
  char *entry = ap_copy(data, size);
  MUST(entry != NULL);
  memset(&options, 0, sizeof options);
  MUST(ap_transport_settings_open(&settings, &options, &failure));
  if (ap_transport_settings_resolve(&settings, entry, &failure))
    check_ways(&settings, ap_transport_options_is_resolve_entry(entry));
  else MUST(strcmp(failure.code, "insecure_url") == 0);
  ap_transport_settings_close(&settings);
  free(entry);
  return 0;
}
