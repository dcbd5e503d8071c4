/* SPDX-License-Identifier: MIT */
#include "crypto/rsa_key.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

/* RFC 7518 section 3.3 requires a key of 2048 bits or more. */
enum { LEAST_BITS = 2048 };

struct ap_rsa_key {
  EVP_PKEY *pkey;
  EVP_MD *sha256; /* fetched once, to avoid a lookup by name for each use */
  int is_private;
};

/* Passphrase callback; OpenSSL's default one would read from the terminal.
** `given` points to a string, which may be NULL. */
static int give_passphrase(char *out, int size, int writing, void *given) {
  const char *passphrase = *(const char *const *)given;
  size_t length = passphrase != NULL ? strlen(passphrase) : 0;
  (void)writing;
  if (length == 0 || length > (size_t)size) return -1;
  memcpy(out, passphrase, length);
  return (int)length;
}

static EVP_PKEY *read_private(BIO *bio, const char *passphrase) {
  return PEM_read_bio_PrivateKey_ex(bio, NULL, give_passphrase, &passphrase,
                                    NULL, NULL);
}

static EVP_PKEY *read_certificate(BIO *bio) {
  const char *none = NULL;
  X509 *certificate = PEM_read_bio_X509(bio, NULL, give_passphrase, &none);
  EVP_PKEY *pkey = certificate ? X509_get_pubkey(certificate) : NULL;
  X509_free(certificate);
  return pkey;
}

static EVP_PKEY *read_public(BIO *bio) {
  const char *none = NULL;
  EVP_PKEY *pkey = PEM_read_bio_PUBKEY(bio, NULL, give_passphrase, &none);
  if (pkey != NULL) return pkey;
  (void)BIO_reset(bio);
  return read_certificate(bio);
}

static int acceptable(EVP_PKEY *pkey, ap_failure *failure) {
  if (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_RSA)
    return ap_failure_set(failure, "invalid_key",
                          "The key is not an RSA key.");
  if (EVP_PKEY_get_bits(pkey) < LEAST_BITS)
    return ap_failure_set(failure, "weak_key",
                          "The key has %d bits; at least %d are required.",
                          EVP_PKEY_get_bits(pkey), LEAST_BITS);
  return 1;
}

/* Takes ownership of `pkey`, which may be NULL. */
static ap_rsa_key *wrap(EVP_PKEY *pkey, int is_private, ap_failure *failure) {
  ap_rsa_key *key = NULL;
  EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
  ERR_clear_error();
  if (pkey == NULL)
    (void)ap_failure_set(
      failure, "invalid_key",
      is_private
        ? "The text is not a private key in PEM form, or the passphrase is "
          "wrong."
        : "The text is not a public key or a certificate in PEM form.");
  else if (acceptable(pkey, failure)) {
    key = sha256 != NULL ? malloc(sizeof *key) : NULL;
    if (key == NULL) (void)ap_failure_no_memory(failure);
  }
  if (key == NULL) {
    EVP_PKEY_free(pkey);
    EVP_MD_free(sha256);
    return NULL;
  }
  key->pkey = pkey;
  key->sha256 = sha256;
  key->is_private = is_private;
  return key;
}

static BIO *reader(const char *pem, size_t length, ap_failure *failure) {
  BIO *bio = length < INT_MAX ? BIO_new_mem_buf(pem, (int)length) : NULL;
  if (bio == NULL) (void)ap_failure_no_memory(failure);
  return bio;
}

ap_rsa_key *ap_rsa_key_private(const char *pem, size_t length,
                               const char *passphrase, ap_failure *failure) {
  BIO *bio = reader(pem, length, failure);
  EVP_PKEY *pkey;
  if (bio == NULL) return NULL;
  pkey = read_private(bio, passphrase);
  BIO_free(bio);
  return wrap(pkey, 1, failure);
}

ap_rsa_key *ap_rsa_key_public(const char *pem, size_t length,
                              ap_failure *failure) {
  BIO *bio = reader(pem, length, failure);
  EVP_PKEY *pkey;
  if (bio == NULL) return NULL;
  pkey = read_public(bio);
  BIO_free(bio);
  return wrap(pkey, 0, failure);
}

void ap_rsa_key_free(ap_rsa_key *key) {
  if (key == NULL) return;
  EVP_PKEY_free(key->pkey);
  EVP_MD_free(key->sha256);
  free(key);
}

int ap_rsa_key_bits(const ap_rsa_key *key) {
  return EVP_PKEY_get_bits(key->pkey);
}

int ap_rsa_key_is_private(const ap_rsa_key *key) {
  return key->is_private;
}

size_t ap_rsa_key_size(const ap_rsa_key *key) {
  return (size_t)EVP_PKEY_get_size(key->pkey);
}

static int need_private(const ap_rsa_key *key, ap_failure *failure) {
  if (key->is_private) return 1;
  return ap_failure_set(
    failure, "private_key_needed",
    "The operation needs a private key, but the key is public.");
}

int ap_rsa_key_sign(const ap_rsa_key *key, const void *bytes, size_t length,
                    unsigned char *signature, size_t *size,
                    ap_failure *failure) {
  EVP_MD_CTX *context;
  int signed_well;
  if (!need_private(key, failure)) return 0;
  context = EVP_MD_CTX_new();
  *size = ap_rsa_key_size(key);
  signed_well =
    context != NULL &&
    EVP_DigestSignInit(context, NULL, key->sha256, NULL, key->pkey) == 1 &&
    EVP_DigestSign(context, signature, size, bytes, length) == 1;
  EVP_MD_CTX_free(context);
  ERR_clear_error();
  return signed_well ? 1
                     : ap_failure_set(failure, "sign_failed",
                                      "OpenSSL could not sign with this key.");
}

int ap_rsa_key_verify(const ap_rsa_key *key, const void *bytes, size_t length,
                      const unsigned char *signature, size_t size,
                      ap_failure *failure) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  int ready, good;
  ready = context != NULL && EVP_DigestVerifyInit(context, NULL, key->sha256,
                                                  NULL, key->pkey) == 1;
  good =
    ready && EVP_DigestVerify(context, signature, size, bytes, length) == 1;
  EVP_MD_CTX_free(context);
  ERR_clear_error();
  if (!ready) return ap_failure_no_memory(failure);
  return good ? 1
              : ap_failure_set(failure, "invalid_signature",
                               "The signature does not match the key and the "
                               "bytes.");
}

static int set_padding(EVP_PKEY_CTX *context, ap_padding padding) {
  int wanted =
    padding == AP_PADDING_PKCS1 ? RSA_PKCS1_PADDING : RSA_PKCS1_OAEP_PADDING;
  if (EVP_PKEY_CTX_set_rsa_padding(context, wanted) != 1) return 0;
  if (padding != AP_PADDING_OAEP_SHA256) return 1;
  return EVP_PKEY_CTX_set_rsa_oaep_md_name(context, "SHA256", NULL) == 1;
}

int ap_rsa_key_encrypt(const ap_rsa_key *key, ap_padding padding,
                       const void *bytes, size_t length, unsigned char *out,
                       size_t *size, ap_failure *failure) {
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
  int done;
  *size = ap_rsa_key_size(key);
  done = context != NULL && EVP_PKEY_encrypt_init(context) == 1 &&
         set_padding(context, padding) &&
         EVP_PKEY_encrypt(context, out, size, bytes, length) == 1;
  EVP_PKEY_CTX_free(context);
  ERR_clear_error();
  return done ? 1
              : ap_failure_set(failure, "encrypt_failed",
                               "The text is too long for this key, or OpenSSL "
                               "could not encrypt it.");
}

/* Returns the same error for every cause, so that an attacker cannot tell wrong
** padding from other failures (padding oracle). */
int ap_rsa_key_decrypt(const ap_rsa_key *key, ap_padding padding,
                       const void *bytes, size_t length, unsigned char *out,
                       size_t *size, ap_failure *failure) {
  EVP_PKEY_CTX *context;
  int done;
  if (!need_private(key, failure)) return 0;
  context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
  *size = ap_rsa_key_size(key);
  done = context != NULL && EVP_PKEY_decrypt_init(context) == 1 &&
         set_padding(context, padding) &&
         EVP_PKEY_decrypt(context, out, size, bytes, length) == 1;
  EVP_PKEY_CTX_free(context);
  ERR_clear_error();
  return done ? 1
              : ap_failure_set(failure, "decrypt_failed",
                               "Decryption failed: wrong key, wrong padding "
                               "or damaged bytes.");
}
