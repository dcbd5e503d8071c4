/* SPDX-License-Identifier: MIT */
#include "http/easy_pool.h"

#include <string.h>

#include "http/folded_header.h"
#include "http/transfer.h"

/* The trailers of a proxy's refusal are stored without being shown: there
** nothing but a new handle keeps a fold away from freed memory. */
void ap_easy_pool_open(ap_easy_pool *easies,
                       const ap_transport_settings *settings) {
  memset(easies, 0, sizeof *easies);
  easies->settings = settings;
  easies->keeps = settings->options.texts[AP_TEXT_PROXY] == NULL ||
                  !ap_folded_header_harms();
}

static CURL *take_idle(ap_easy_pool *easies) {
  CURL *easy = easies->idle;
  char *next = NULL;
  (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &next);
  easies->idle = next;
  easies->count--;
  return easy;
}

void ap_easy_pool_close(ap_easy_pool *easies) {
  while (easies->idle != NULL) curl_easy_cleanup(take_idle(easies));
}

static CURL *make(const ap_easy_pool *easies) {
  CURL *easy = curl_easy_init();
  if (easy == NULL) return NULL;
  if (ap_transport_settings_apply(easies->settings, easy) == CURLE_OK &&
      ap_transfer_equip(easy) == CURLE_OK)
    return easy;
  curl_easy_cleanup(easy);
  return NULL;
}

/* A stream that was refused (HTTP/2) leaves a handle with leave to repeat what
** it carries next. */
CURL *ap_easy_pool_take(ap_easy_pool *easies, int is_new) {
  return easies->idle == NULL || is_new ? make(easies) : take_idle(easies);
}

/* libcurl counts over a handle's whole life how often a connection that stood
** died under a request, and at the sixth time does not open another one. */
static int is_as_new(CURL *easy) {
  long opened = 0;
  (void)curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &opened);
  return opened == 0;
}

void ap_easy_pool_keep(ap_easy_pool *easies, CURL *easy) {
  if (easy == NULL) return;
  if (!easies->keeps || easies->count == AP_EASY_POOL_SIZE ||
      !is_as_new(easy) ||
      curl_easy_setopt(easy, CURLOPT_PRIVATE, easies->idle) != CURLE_OK) {
    curl_easy_cleanup(easy);
    return;
  }
  easies->idle = easy;
  easies->count++;
}
