/* SPDX-License-Identifier: MIT */
#ifndef AP_HTTP_CURL_ERROR_H
#define AP_HTTP_CURL_ERROR_H

#include <curl/curl.h>

#include "base/failure.h"

/* Maps a libcurl code to one of the few codes that a caller can act on. The
** message holds `detail`, or libcurl's text if that is NULL or empty. */
void ap_curl_error_set(CURLcode code, const char *detail, ap_failure *failure);

#endif
