/* SPDX-License-Identifier: MIT */
#include "easies.h"

#include <string.h>

#include "transfer.h"

void ap_easies_open(ap_easies *easies, const ap_settings *settings) {
  memset(easies, 0, sizeof *easies);
  easies->settings = settings;
}

void ap_easies_close(ap_easies *easies) {
  while (easies->count > 0) curl_easy_cleanup(easies->idle[--easies->count]);
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
  if (easies->count > 0) return easies->idle[--easies->count];
  return make(easies);
}

void ap_easies_keep(ap_easies *easies, CURL *easy) {
  if (easy == NULL) return;
  if (easies->count < AP_EASIES) easies->idle[easies->count++] = easy;
  else curl_easy_cleanup(easy);
}
