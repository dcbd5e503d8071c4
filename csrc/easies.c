/* SPDX-License-Identifier: MIT */
#include "easies.h"

#include <string.h>

#include "transfer.h"

void ap_easies_open(ap_easies *easies, const ap_settings *settings) {
  memset(easies, 0, sizeof *easies);
  easies->settings = settings;
}

static CURL *take_idle(ap_easies *easies) {
  CURL *easy = easies->idle;
  char *next = NULL;
  (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &next);
  easies->idle = next;
  easies->count--;
  return easy;
}

void ap_easies_close(ap_easies *easies) {
  while (easies->idle != NULL) curl_easy_cleanup(take_idle(easies));
}

static CURL *make(const ap_easies *easies) {
  CURL *easy = curl_easy_init();
  if (easy == NULL) return NULL;
  if (ap_settings_apply(easies->settings, easy) == CURLE_OK &&
      ap_transfer_equip(easy) == CURLE_OK)
    return easy;
  curl_easy_cleanup(easy);
  return NULL;
}

CURL *ap_easies_take(ap_easies *easies) {
  return easies->idle != NULL ? take_idle(easies) : make(easies);
}

void ap_easies_keep(ap_easies *easies, CURL *easy) {
  if (easy == NULL) return;
  if (easies->count == AP_EASIES ||
      curl_easy_setopt(easy, CURLOPT_PRIVATE, easies->idle) != CURLE_OK) {
    curl_easy_cleanup(easy);
    return;
  }
  easies->idle = easy;
  easies->count++;
}
