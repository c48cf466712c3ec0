#define _GNU_SOURCE

#include "system.h"

#include <fcntl.h>
#include <pthread.h>

int bft_reserve(int descriptor, int64_t byteCount) {
  return fallocate(descriptor, 0, 0, byteCount);
}

int bft_open_direct(const char *path) {
  return open(path, O_WRONLY | O_DIRECT | O_CLOEXEC);
}

void bft_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
