/* SPDX-License-Identifier: MIT */
/* A preloaded library that makes libcurl behave as if it were built without HTTP/2
** and https proxies: these features are absent, and CURLOPT_HTTP_VERSION refuses
** HTTP/2. */
#include <dlfcn.h>
#include <stdarg.h>
#include <stddef.h>

#include <curl/curl.h>

#undef curl_easy_setopt

#define EXPORTED __attribute__((visibility("default")))

typedef CURLcode (*set_option)(CURL *, CURLoption, ...);
typedef curl_version_info_data *(*get_info)(CURLversion);

EXPORTED curl_version_info_data *curl_version_info(CURLversion age) {
  static curl_version_info_data info;
  get_info next;
  *(void **)&next = dlsym(RTLD_NEXT, "curl_version_info");
  info = *next(age);
  info.features &= ~(CURL_VERSION_HTTP2 | CURL_VERSION_HTTPS_PROXY);
  return &info;
}

static int is_offset(CURLoption option) {
  return (int)option >= CURLOPTTYPE_OFF_T && (int)option < CURLOPTTYPE_BLOB;
}

/* An argument is a curl_off_t of 64 bits, or fits into a pointer on the tested
** machines. */
EXPORTED CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...) {
  set_option next;
  va_list arguments;
  void *value = NULL;
  curl_off_t offset = 0;
  va_start(arguments, option);
  if (is_offset(option)) offset = va_arg(arguments, curl_off_t);
  else value = va_arg(arguments, void *);
  va_end(arguments);
  if (option == CURLOPT_HTTP_VERSION &&
      (size_t)value == (size_t)CURL_HTTP_VERSION_2TLS)
    return CURLE_UNSUPPORTED_PROTOCOL;
  *(void **)&next = dlsym(RTLD_NEXT, "curl_easy_setopt");
  return is_offset(option) ? next(easy, option, offset)
                           : next(easy, option, value);
}
