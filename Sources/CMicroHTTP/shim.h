#ifndef BFT_CMICROHTTP_SHIM_H
#define BFT_CMICROHTTP_SHIM_H

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/// What a daemon is started with. MHD_start_daemon is variadic, which Swift can't call.
struct bft_mhd_options {
    /// A listening socket. The daemon closes it.
    MHD_socket listener;
    unsigned int connection_limit;
    unsigned int connection_limit_per_address;
    unsigned int idle_timeout_seconds;
    size_t connection_memory;
    void *context;
    MHD_AccessHandlerCallback on_request;
    MHD_RequestCompletedCallback on_completed;
    MHD_NotifyConnectionCallback on_connection;
};

/// Leaves the target of a request as it came: the router decodes it, NUL bytes and slashes too.
static size_t bft_mhd_keep_escapes(void *context, struct MHD_Connection *connection, char *text) {
    (void)context;
    (void)connection;
    size_t count = 0;
    while (text[count] != 0) count++;
    return count;
}

/// Starts a daemon that the caller runs on a thread of its own with MHD_run_wait.
static inline struct MHD_Daemon *bft_mhd_start(const struct bft_mhd_options *options) {
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, options->on_request,
        options->context,
        MHD_OPTION_LISTEN_SOCKET, options->listener,
        MHD_OPTION_CONNECTION_LIMIT, options->connection_limit,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, options->connection_limit_per_address,
        MHD_OPTION_CONNECTION_TIMEOUT, options->idle_timeout_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, options->connection_memory,
        MHD_OPTION_NOTIFY_COMPLETED, options->on_completed, options->context,
        MHD_OPTION_NOTIFY_CONNECTION, options->on_connection, options->context,
        MHD_OPTION_UNESCAPE_CALLBACK, bft_mhd_keep_escapes, NULL,
        MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_END);
}

/// The socket of a connection, or -1.
static inline int bft_mhd_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == NULL ? -1 : (int)info->connect_fd;
}

/// What on_connection left with a connection.
static inline void *bft_mhd_context(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

/// Gives the calling thread a name of at most 15 bytes, for tools that list threads.
static inline void bft_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

#endif
