// The C library's functions for memory and locks, as the whole program calls them: each reports to
// the tripwire and goes on to the original. operator new and std::mutex come here too.

#include "realtime/tripwire.h"

#include <cerrno>
#include <cstddef>
#include <ctime>
#include <dlfcn.h>
#include <pthread.h>

using remotemedia::test::forbidden;

// Originals under names of their own, which glibc exports.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* memory);
}

namespace {

/// The function that this program's own one hides.
template <typename Function>
Function* original(const char* name) noexcept {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

void* malloc(std::size_t size) noexcept {
  forbidden("malloc");
  return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  forbidden("calloc");
  return __libc_calloc(count, size);
}

void* realloc(void* memory, std::size_t size) noexcept {
  forbidden("realloc");
  return __libc_realloc(memory, size);
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
  forbidden("memalign");
  return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  forbidden("aligned_alloc");
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
  forbidden("posix_memalign");
  *memory = __libc_memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}

void free(void* memory) noexcept {
  if (memory != nullptr) forbidden("free");
  __libc_free(memory);
}

// A trylock is none of them: it cannot wait.
#define REMOTEMEDIA_INTERPOSE(name, parameters, arguments)     \
  int name parameters {                                        \
    forbidden(#name);                                          \
    static auto* const next = original<int parameters>(#name); \
    return next arguments;                                     \
  }

REMOTEMEDIA_INTERPOSE(pthread_mutex_lock, (pthread_mutex_t * mutex) noexcept, (mutex))
REMOTEMEDIA_INTERPOSE(pthread_mutex_timedlock,
                      (pthread_mutex_t * mutex, const timespec* until) noexcept, (mutex, until))
REMOTEMEDIA_INTERPOSE(pthread_mutex_clocklock,
                      (pthread_mutex_t * mutex, clockid_t clock, const timespec* until) noexcept,
                      (mutex, clock, until))
REMOTEMEDIA_INTERPOSE(pthread_rwlock_rdlock, (pthread_rwlock_t * lock) noexcept, (lock))
REMOTEMEDIA_INTERPOSE(pthread_rwlock_wrlock, (pthread_rwlock_t * lock) noexcept, (lock))
REMOTEMEDIA_INTERPOSE(pthread_cond_wait, (pthread_cond_t * condition, pthread_mutex_t* mutex),
                      (condition, mutex))
REMOTEMEDIA_INTERPOSE(pthread_cond_timedwait,
                      (pthread_cond_t * condition, pthread_mutex_t* mutex, const timespec* until),
                      (condition, mutex, until))
REMOTEMEDIA_INTERPOSE(pthread_cond_clockwait,
                      (pthread_cond_t * condition, pthread_mutex_t* mutex, clockid_t clock,
                       const timespec* until),
                      (condition, mutex, clock, until))
REMOTEMEDIA_INTERPOSE(pthread_cond_signal, (pthread_cond_t * condition) noexcept, (condition))
REMOTEMEDIA_INTERPOSE(pthread_cond_broadcast, (pthread_cond_t * condition) noexcept, (condition))

}  // extern "C"
#pragma GCC visibility pop
