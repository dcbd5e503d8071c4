/* SPDX-License-Identifier: MIT */
#ifndef AP_OUTCOME_H
#define AP_OUTCOME_H

#include <curl/curl.h>

#include "base/failure.h"

/* libcurl's hundred codes as the few that a caller can act upon. */
void ap_outcome_fail(CURLcode code, const char *detail, ap_failure *failure);

#endif
