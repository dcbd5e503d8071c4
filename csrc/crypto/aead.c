/* SPDX-License-Identifier: MIT */
#include "crypto/aead.h"

#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "crypto/digest.h"

/* Begins with a NUL, so that no text file begins with it. */
static const unsigned char magic[8] = { 0, 'A', 'P', 's', 'e', 'a', 'l', 1 };

enum { MAGIC = sizeof magic, NONCE = 12, TAG = 16 };

int ap_aead_is_sealed(const char *bytes, size_t length) {
  return length >= MAGIC && memcmp(bytes, magic, MAGIC) == 0;
}

static EVP_CIPHER_CTX *start(const unsigned char *key,
                             const unsigned char *nonce, int sealing) {
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  int ignored;
  if (context == NULL) return NULL;
  if (EVP_CipherInit_ex2(context, EVP_aes_256_gcm(), key, nonce, sealing,
                         NULL) == 1 &&
      EVP_CipherUpdate(context, NULL, &ignored, magic, MAGIC) == 1)
    return context;
  EVP_CIPHER_CTX_free(context);
  return NULL;
}

/* `out` must have room for MAGIC + NONCE + length + TAG bytes. */
static int seal(const unsigned char *key, const char *bytes, int length,
                unsigned char *out, ap_failure *failure) {
  unsigned char *text = out + MAGIC + NONCE;
  EVP_CIPHER_CTX *context;
  int written = 0, last = 0, done;
  memcpy(out, magic, MAGIC);
  if (!ap_random(out + MAGIC, NONCE, failure)) return 0;
  context = start(key, out + MAGIC, 1);
  done = context != NULL &&
         EVP_CipherUpdate(context, text, &written,
                          (const unsigned char *)bytes, length) == 1 &&
         EVP_CipherFinal_ex(context, text + written, &last) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG,
                             text + length) == 1;
  EVP_CIPHER_CTX_free(context);
  return done || ap_failure_no_memory(failure);
}

/* `out` must have room for `length` bytes. */
static int unseal(const unsigned char *key, const unsigned char *sealed,
                  int length, unsigned char *out, ap_failure *failure) {
  const unsigned char *text = sealed + MAGIC + NONCE;
  unsigned char tag[TAG];
  EVP_CIPHER_CTX *context = start(key, sealed + MAGIC, 0);
  int written = 0, last = 0, done;
  memcpy(tag, text + length, TAG);
  done = context != NULL &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 &&
         EVP_CipherUpdate(context, out, &written, text, length) == 1 &&
         EVP_CipherFinal_ex(context, out + written, &last) == 1;
  EVP_CIPHER_CTX_free(context);
  if (done) return 1;
  OPENSSL_cleanse(out, (size_t)length);
  return ap_failure_set(
    failure, "decrypt_failed",
    "The content was encrypted with another key, or damaged.");
}

static int make_room(ap_buffer *out, size_t length, ap_failure *failure) {
  return ap_buffer_check(ap_buffer_reserve(out, length),
                         "The content is too large.", failure);
}

int ap_aead_seal(const unsigned char key[AP_AEAD_KEY_SIZE], const char *bytes,
                 size_t length, ap_buffer *out, ap_failure *failure) {
  size_t size = length + AP_AEAD_EXTRA;
  int done;
  if (length > INT_MAX - AP_AEAD_EXTRA)
    return ap_failure_set(failure, "too_large", "The content is too large.");
  if (!make_room(out, size, failure)) return 0;
  done = seal(key, bytes, (int)length,
              (unsigned char *)out->data + out->length, failure);
  if (done) out->length += size;
  ERR_clear_error();
  return done;
}

int ap_aead_open(const unsigned char key[AP_AEAD_KEY_SIZE], const char *bytes,
                 size_t length, ap_buffer *out, ap_failure *failure) {
  size_t size;
  int done;
  if (!ap_aead_is_sealed(bytes, length) || length < AP_AEAD_EXTRA ||
      length > INT_MAX)
    return ap_failure_set(failure, "decrypt_failed",
                          "The content is not encrypted, or was cut short.");
  size = length - AP_AEAD_EXTRA;
  if (!make_room(out, size, failure)) return 0;
  done = unseal(key, (const unsigned char *)bytes, (int)size,
                (unsigned char *)out->data + out->length, failure);
  if (done) out->length += size;
  ERR_clear_error();
  return done;
}
