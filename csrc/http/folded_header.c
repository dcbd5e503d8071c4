/* SPDX-License-Identifier: MIT */
#include "http/folded_header.h"

/* In 7.84 to 8.0, a handle that is used again still points to the last header
** of the answer before, and appends a folded line to it, in freed memory, if
** no header came first: curl/curl#11103, mended in 8.1.0. */
int ap_folded_header_harms(void) {
  unsigned version = curl_version_info(CURLVERSION_NOW)->version_num;
  return version >= 0x075400 && version < 0x080100;
}

/* Those versions show a line of a head before they store it. One that is cut
** to nothing they refuse, as a new handle refuses a fold that follows no
** header. */
static int cut_fold(CURL *easy, curl_infotype kind, char *line, size_t length,
                    void *context) {
  (void)easy;
  (void)context;
  if (kind == CURLINFO_HEADER_IN && length > 0 &&
      (*line == ' ' || *line == '\t'))
    *line = '\0';
  return 0;
}

CURLcode ap_folded_header_equip(CURL *easy) {
  return curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, cut_fold);
}

void ap_folded_header_watch(CURL *easy, int on) {
  (void)curl_easy_setopt(easy, CURLOPT_VERBOSE, on ? 1L : 0L);
}
