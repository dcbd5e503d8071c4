/* SPDX-License-Identifier: MIT */
#include "plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

enum { LARGEST = 1024 * 1024, MOST = 8 * 1024 };

static EVP_MD_CTX *context;
static EVP_MD *sha256;
static EVP_PKEY *key;
static unsigned char *zeros;
static unsigned char message[MOST], signature[MOST];
static size_t message_length, signature_length;

static FILE *open_in(const char *folder, const char *name) {
  char path[512];
  FILE *file;
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  file = fopen(path, "rb");
  if (file == NULL) plain_die(path);
  return file;
}

static size_t read_in(const char *folder, const char *name,
                      unsigned char *out) {
  FILE *file = open_in(folder, name);
  size_t length = fread(out, 1, MOST, file);
  (void)fclose(file);
  return length;
}

void plain_crypto_start(const char *folder) {
  FILE *file = open_in(folder, "public.pem");
  key = PEM_read_PUBKEY(file, NULL, NULL, NULL);
  (void)fclose(file);
  context = EVP_MD_CTX_new();
  sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
  zeros = calloc(1, LARGEST);
  if (key == NULL || context == NULL || sha256 == NULL || zeros == NULL)
    plain_die("OpenSSL initialization failed");
  message_length = read_in(folder, "message", message);
  signature_length = read_in(folder, "signature", signature);
}

double plain_sha256(long count, const char *size) {
  size_t length = (size_t)strtoul(size, NULL, 10);
  unsigned char digest[EVP_MAX_MD_SIZE];
  double start = plain_now();
  if (length > LARGEST) plain_die("too large");
  for (; count > 0; count--)
    if (EVP_DigestInit_ex2(context, sha256, NULL) != 1 ||
        EVP_DigestUpdate(context, zeros, length) != 1 ||
        EVP_DigestFinal_ex(context, digest, NULL) != 1)
      plain_die("SHA-256 failed");
  return plain_now() - start;
}

double plain_verify(long count, const char *what) {
  double start = plain_now();
  (void)what;
  for (; count > 0; count--) {
    EVP_MD_CTX *verifier = EVP_MD_CTX_new();
    if (verifier == NULL ||
        EVP_DigestVerifyInit(verifier, NULL, sha256, NULL, key) != 1 ||
        EVP_DigestVerify(verifier, signature, signature_length, message,
                         message_length) != 1)
      plain_die("a valid signature was refused");
    EVP_MD_CTX_free(verifier);
  }
  return plain_now() - start;
}
