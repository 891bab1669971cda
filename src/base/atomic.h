/*
 * Atomic operations: the only file that names the compiler's atomics. Each function has its memory
 * order in its name; the comment at each call gives the reason for that order.
 */
#ifndef MIPC_BASE_ATOMIC_H
#define MIPC_BASE_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

typedef uint32_t mipc_atomic_u32_t;
typedef uint64_t mipc_atomic_u64_t;
typedef uintptr_t mipc_atomic_uptr_t;

/* Returns the value before the addition. */
static inline uint32_t mipc_atomic_add_relaxed(mipc_atomic_u32_t *word, uint32_t by) {
  return __atomic_fetch_add(word, by, __ATOMIC_RELAXED);
}

/* Returns the value before the subtraction. */
static inline uint32_t mipc_atomic_sub_acq_rel(mipc_atomic_u32_t *word, uint32_t by) {
  return __atomic_fetch_sub(word, by, __ATOMIC_ACQ_REL);
}

/* Returns the value before the addition. */
static inline uint32_t mipc_atomic_add_release(mipc_atomic_u32_t *word, uint32_t by) {
  return __atomic_fetch_add(word, by, __ATOMIC_RELEASE);
}

static inline uint32_t mipc_atomic_load_relaxed(const mipc_atomic_u32_t *word) {
  return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void mipc_atomic_store_relaxed(mipc_atomic_u32_t *word, uint32_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static inline uint64_t mipc_atomic_load_relaxed_u64(const mipc_atomic_u64_t *word) {
  return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void mipc_atomic_store_relaxed_u64(mipc_atomic_u64_t *word, uint64_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static inline void mipc_atomic_store_release(mipc_atomic_u32_t *word, uint32_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline void mipc_atomic_store_release_ptr(mipc_atomic_uptr_t *word, uintptr_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline uintptr_t mipc_atomic_load_acquire_ptr(const mipc_atomic_uptr_t *word) {
  return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline uint64_t mipc_atomic_load_acquire_u64(const mipc_atomic_u64_t *word) {
  return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void mipc_atomic_store_release_u64(mipc_atomic_u64_t *word, uint64_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* Each of these stores `to` if the word is `from`, and returns whether it did. A failed one is
 * relaxed: no caller relies on the value that it loaded. */
static inline bool mipc_atomic_swap_acquire(mipc_atomic_u32_t *word, uint32_t from, uint32_t to) {
  return __atomic_compare_exchange_n(word, &from, to, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline bool mipc_atomic_swap_release(mipc_atomic_u32_t *word, uint32_t from, uint32_t to) {
  return __atomic_compare_exchange_n(word, &from, to, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

static inline bool mipc_atomic_swap_relaxed(mipc_atomic_u32_t *word, uint32_t from, uint32_t to) {
  return __atomic_compare_exchange_n(word, &from, to, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* Loads before the fence come before loads and stores after it. */
static inline void mipc_atomic_fence_acquire(void) {
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
}

/* Loads and stores before the fence come before stores after it. */
static inline void mipc_atomic_fence_release(void) {
  __atomic_thread_fence(__ATOMIC_RELEASE);
}

/* Stores before the fence are visible to all processes before any load after it is made. */
static inline void mipc_atomic_fence_seq_cst(void) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* The same right after a compare-and-swap that succeeded. On x86 that instruction is a full fence
 * by itself, so that only the compiler must keep the order. */
static inline void mipc_atomic_fence_after_swap(void) {
#if defined(__x86_64__) || defined(__i386__)
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
#else
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* Stores before the fence come before stores after it, in the order of the program. That is what a
 * process that is killed leaves behind: all stores up to some instruction, and none after it. */
static inline void mipc_atomic_fence_compiler(void) {
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static inline uint8_t mipc_atomic_load_relaxed_u8(const uint8_t *byte) {
  return __atomic_load_n(byte, __ATOMIC_RELAXED);
}

static inline void mipc_atomic_store_relaxed_u8(uint8_t *byte, uint8_t value) {
  __atomic_store_n(byte, value, __ATOMIC_RELAXED);
}

static inline uint16_t mipc_atomic_load_relaxed_u16(const uint16_t *word) {
  return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void mipc_atomic_store_relaxed_u16(uint16_t *word, uint16_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

/* Hint to the processor: this is a loop that waits for another thread. */
static inline void mipc_atomic_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

static inline uint32_t mipc_atomic_load_acquire(const mipc_atomic_u32_t *word) {
  return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

#endif
