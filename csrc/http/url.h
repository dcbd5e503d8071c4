/* SPDX-License-Identifier: MIT */
/* URLs of requests: checked, and parsed once, by libcurl. */
#ifndef AP_HTTP_URL_H
#define AP_HTTP_URL_H

#include <stddef.h>

#include <curl/curl.h>

#include "base/failure.h"

typedef enum {
  AP_URL_REFUSED,
  AP_URL_HTTPS,
  AP_URL_LOOPBACK, /* http to this machine */
  AP_URL_PLAIN     /* http to a host that the caller allowed by name */
} ap_url_kind;

/* Returns whether the text is not empty and has no spaces or control characters,
** so that a request line can hold it. */
int ap_url_is_clean(const char *url, size_t length);

/* Returns whether a text is the URL of a proxy. As in libcurl, a text without a
** scheme is an http URL. A user or password that cannot be decoded is refused. */
int ap_url_is_proxy(const char *text);
/* Returns whether libcurl supports the proxy. Otherwise its error message would hold
** the whole URL, with the password. */
int ap_url_is_supported_proxy(const char *proxy);

/* libcurl gets the parsed URL that was checked, so that it does not parse the
** text in another way. */
typedef struct {
  ap_url_kind kind;
  int has_name; /* the host is a name, not an address */
  CURLU *parsed;
  char *text;
  long uses;
} ap_url;

/* Checks and parses a URL. Plain http is accepted to this machine and to the
** hosts in `allowed`. Returns NULL with "invalid_url", "insecure_url" or
** "out_of_memory". The caller owns one reference. */
ap_url *ap_url_open(const char *text, const struct curl_slist *allowed,
                    ap_failure *failure);
/* Adds a reference. */
ap_url *ap_url_use(ap_url *url);
/* Drops a reference; the last one frees the URL. NULL is allowed. */
void ap_url_drop(ap_url *url);

#endif
