#pragma once
#include <stdint.h>

// Names no type of the system's headers: a module that declares timespec or sigset_t before Glibc
// does would have to be imported wherever those are used.

/// A descriptor that has something to read, or room to write, or is broken.
typedef struct {
    /// What the caller named the descriptor by.
    uint64_t key;
    /// Whether there is something to read, an end or an error included.
    uint32_t is_readable;
    uint32_t is_writable;
} cepoll_event;

/// A new poller, or -1 with errno.
int cepoll_create(void);

/// Watches a descriptor for something to read and, if asked, for room to write. A descriptor that
/// is closed is forgotten.
int cepoll_watch(int poller, int descriptor, uint64_t key, int wants_room, int is_new);

/// Waits until something happens or `nanoseconds` have passed. Returns the number of events
/// written, at most `capacity` and 256, or -1 with errno.
int cepoll_wait(int poller, cepoll_event *events, int capacity, uint64_t nanoseconds);

/// Lets timed waits of this thread end within `nanoseconds` of their time, not the usual 50 µs.
int cepoll_set_timer_slack(unsigned long nanoseconds);
