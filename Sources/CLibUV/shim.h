#ifndef CLIBUV_SHIM_H
#define CLIBUV_SHIM_H

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <uv.h>

/* Declared by the system's header only for _GNU_SOURCE, which a module can't define for it. */
extern int accept4(int socket, struct sockaddr *address, socklen_t *byte_count, int flags);

/* Its flags are an enumeration that Swift does not take for a number. */
static inline int bft_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

#endif
