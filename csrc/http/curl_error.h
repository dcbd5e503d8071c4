/* SPDX-License-Identifier: MIT */
#ifndef AP_HTTP_CURL_ERROR_H
#define AP_HTTP_CURL_ERROR_H

#include <curl/curl.h>

#include "base/failure.h"

/* libcurl's hundred codes as the few that a caller can act upon. */
void ap_curl_error_set(CURLcode code, const char *detail, ap_failure *failure);

#endif
