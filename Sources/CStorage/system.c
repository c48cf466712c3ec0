#define _GNU_SOURCE

#include "system.h"

#include <fcntl.h>
#include <pthread.h>

int bft_reserve(int descriptor, int64_t byteCount) {
  return fallocate(descriptor, 0, 0, byteCount);
}

void bft_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
