#pragma once
// OpenSSL's headers do not see that of limits.h within a module.
#ifndef INT_MAX
#define INT_MAX __INT_MAX__
#endif
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>

// Swift sees no macros with arguments.

static inline long tls_set_least_version(SSL_CTX *context) {
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}

// A write may go on from another address with the same bytes.
static inline long tls_set_partial_writes(SSL_CTX *context) {
  return SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

// A client of TLS 1.2 could make the server work without end.
static inline uint64_t tls_refuse_renegotiation(SSL_CTX *context) {
  return SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
}
