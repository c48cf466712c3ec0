#define _GNU_SOURCE
#include "cepoll.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>

int cepoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int cepoll_watch(int poller, int descriptor, uint64_t key, int wants_room, int is_new) {
    struct epoll_event event = {.events = EPOLLIN | (wants_room ? EPOLLOUT : 0), .data.u64 = key};
    return epoll_ctl(poller, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, &event);
}

int cepoll_wait(int poller, cepoll_event *events, int capacity, uint64_t nanoseconds) {
    struct epoll_event found[256];
    struct timespec timeout = {
        .tv_sec = (time_t)(nanoseconds / 1000000000), .tv_nsec = (long)(nanoseconds % 1000000000)};
    int count = epoll_pwait2(poller, found, capacity < 256 ? capacity : 256, &timeout, 0);
    for (int i = 0; i < count; i++) {
        events[i].key = found[i].data.u64;
        events[i].is_readable = (found[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
        events[i].is_writable = (found[i].events & EPOLLOUT) != 0;
    }
    return count;
}

int cepoll_set_timer_slack(unsigned long nanoseconds) {
    return prctl(PR_SET_TIMERSLACK, nanoseconds, 0, 0, 0);
}
