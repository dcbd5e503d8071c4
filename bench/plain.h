/* SPDX-License-Identifier: MIT */
/* The same work as the core's, in plain C and nothing else: what the core is
** measured against. Each job does `count` turns and answers the seconds. */
#ifndef AP_BENCH_PLAIN_H
#define AP_BENCH_PLAIN_H

double plain_now(void);
/* Says what failed and ends the program. */
void plain_die(const char *what);

void plain_http_start(const char *ca_file, const char *headers_file);
void plain_http_end(void);
/* Requests one after another. */
double plain_easy(long count, const char *url);
/* Crowds of 256 requests at once. */
double plain_crowd(long count, const char *url);
/* Both again, with the headers that stand in the file. */
double plain_profiles(long count, const char *url);
double plain_devices(long count, const char *url);
/* curl_multi_perform while 8 requests wait for an answer. */
double plain_idle(long count, const char *url);

void plain_crypto_start(const char *folder);
double plain_sha256(long count, const char *size);
/* `what` is ignored: a JWS is one signature over bytes, as any. */
double plain_verify(long count, const char *what);

#endif
