#ifndef BFT_COPENSSL_SHIM_H
#define BFT_COPENSSL_SHIM_H

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/prctl.h>
#include <sys/random.h>

/// Names the calling thread, at most 15 characters. `prctl` is variadic, which Swift can't call.
static inline void bft_name_this_thread(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

#endif
