#ifndef CLIBUV_SHIM_H
#define CLIBUV_SHIM_H

#include <sys/socket.h>
#include <uv.h>

/* Declared by the system's header only for _GNU_SOURCE, which a module can't define for it. */
extern int accept4(int socket, struct sockaddr *address, socklen_t *byte_count, int flags);

#endif
