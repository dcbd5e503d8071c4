/* SPDX-License-Identifier: MIT */
#include "http/curl_error.h"

#include <stddef.h>

typedef struct {
  const char *code, *sentence;
} outcome;

static const outcome late = { "timeout",
                              "The server did not respond in time" };
static const outcome unresolved = {
  "resolve_failed", "The server's name could not be resolved"
};
static const outcome unreachable = { "connect_failed",
                                     "The connection to the server failed" };
static const outcome proxy = { "proxy_failed",
                               "The request to the proxy failed" };
static const outcome tls = { "tls_failed", "The TLS connection failed" };
static const outcome lost = {
  "connection_lost", "The connection ended before the response was complete"
};
static const outcome large = { "too_large",
                               "The response is larger than allowed" };
static const outcome protocol = { "protocol_error",
                                  "The server's response is not valid HTTP" };
static const outcome memory = { "out_of_memory",
                                "There is not enough memory" };
static const outcome other = { "transfer_failed", "The request failed" };

#if LIBCURL_VERSION_NUM < 0x080600
#define CURLE_TOO_LARGE \
  100 /* of later versions: a response line is too long */
#endif

static const outcome *outcome_of(CURLcode code) {
  switch ((int)code) {
    case CURLE_OPERATION_TIMEDOUT: return &late;
    case CURLE_COULDNT_RESOLVE_HOST: return &unresolved;
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED: return &unreachable;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY: return &proxy;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_USE_SSL_FAILED: return &tls;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE: return &lost;
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_TOO_LARGE: return &large;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM: return &protocol;
    case CURLE_OUT_OF_MEMORY: return &memory;
    default: return &other;
  }
}

void ap_curl_error_set(CURLcode code, const char *detail,
                       ap_failure *failure) {
  const outcome *found = outcome_of(code);
  if (detail == NULL || *detail == '\0') detail = curl_easy_strerror(code);
  (void)ap_failure_set(failure, found->code, "%s: %s.", found->sentence,
                       detail);
}
