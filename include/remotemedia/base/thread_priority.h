#pragma once

namespace remotemedia {

/// Lets the calling thread come before others that want the processor, as audio daemons do: its
/// nice value becomes 11 less than that of the process's first thread. Where the process may not do
/// that (CAP_SYS_NICE, or a limit: `ulimit -e`, systemd's LimitNICE=), or the system has no such
/// value for a thread (others than Linux), nothing changes. Threads that this one starts inherit
/// the value, except those of run_on_worker. \return whether the thread has the priority now.
bool raise_thread_priority() noexcept;

/// Gives the calling thread the priority of the process's first one.
void restore_thread_priority() noexcept;

}  // namespace remotemedia
