/* SPDX-License-Identifier: MIT */
/* What keeps an answer whose first header is a folded line away from freed
** memory of libcurl. */
#ifndef AP_HTTP_FOLDED_HEADER_H
#define AP_HTTP_FOLDED_HEADER_H

#include <curl/curl.h>

/* Does the libcurl that is loaded need it? */
int ap_folded_header_harms(void);
/* Once in an easy handle's life. */
CURLcode ap_folded_header_equip(CURL *easy);
/* On after a status line, off after the line that follows it. */
void ap_folded_header_watch(CURL *easy, int on);

#endif
