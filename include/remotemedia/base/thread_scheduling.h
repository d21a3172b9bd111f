#pragma once

#include <cstddef>

namespace remotemedia {

/// Lets the calling thread come before others that want the processor, as audio daemons do: its
/// nice value becomes 11 less than that of the process's first thread. Where the process may not do
/// that (CAP_SYS_NICE, or a limit: `ulimit -e`, systemd's LimitNICE=), or the system has no such
/// value for a thread (others than Linux), nothing changes. Threads that this one starts inherit
/// the value, except those of run_on_worker. \return whether the thread has the priority now.
bool raise_thread_priority() noexcept;

/// Keeps the calling thread, number `index` of `count` alike, on a processor of its own among those
/// that the process's first thread may use, if these are `count` too: the kernel puts two such
/// threads on one processor as soon as something less urgent has the other, and then one of them
/// waits in mid-call. With fewer threads, or more, none knows which processor is free: nothing
/// changes, as where the system has no such call (others than Linux). Inherited as the priority is.
/// \return whether it stays there now.
bool keep_thread_on_processor(std::size_t index, std::size_t count) noexcept;

/// Gives the calling thread the priority of the process's first one, and its processors if a thread
/// was ever kept on one.
void restore_thread_scheduling() noexcept;

}  // namespace remotemedia
