/*
 * vm.h on POSIX, by mmap(2), madvise(2) and their relatives.
 */
#include "vm.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_HUGEPAGE
#define MADV_HUGEPAGE (-1) /* not supported here: EINVAL */
#endif

#ifndef MADV_DONTDUMP
#define MADV_DONTDUMP (-1)
#endif

size_t mipc_vm_page_size(void) {
  return (size_t)sysconf(_SC_PAGESIZE);
}

size_t mipc_vm_granularity(void) {
  return mipc_vm_page_size();
}

int mipc_vm_map(mipc_file_t file, uint64_t offset, size_t length, mipc_vm_access_t access,
                void **ret_base) {
  int prot = access == MIPC_VM_READ ? PROT_READ : PROT_READ | PROT_WRITE;
  int flags = access == MIPC_VM_COPY ? MAP_PRIVATE | MAP_NORESERVE : MAP_SHARED;
  void *base = mmap(NULL, length, prot, flags, (int)file.os, (off_t)offset);
  if (base == MAP_FAILED) return -errno;
  *ret_base = base;
  return 0;
}

int mipc_vm_map_private(size_t length, void **ret_base) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void *base = mmap(NULL, length, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (base == MAP_FAILED) return -errno;
  *ret_base = base;
  return 0;
}

void mipc_vm_unmap(void *base, size_t length) {
  munmap(base, length);
}

bool mipc_vm_replace(void *base, size_t length) {
  /* On failure the mapping stays, and with it the addresses: still ours, still safe to write to. */
  mmap(base, length, PROT_READ | PROT_WRITE,
       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  return true;
}

void mipc_vm_unmap_replaced(void *base, size_t length) {
  munmap(base, length);
}

int mipc_vm_flush(mipc_file_t file, void *base, size_t length, bool async) {
  (void)file;
  return msync(base, length, async ? MS_ASYNC : MS_SYNC) < 0 ? -errno : 0;
}

int mipc_vm_advise(void *base, size_t length, mipc_advice_t advice) {
  static const int advices[MIPC_ADVICE_COUNT] = {
      [MIPC_ADVICE_NORMAL] = MADV_NORMAL,     [MIPC_ADVICE_SEQUENTIAL] = MADV_SEQUENTIAL,
      [MIPC_ADVICE_RANDOM] = MADV_RANDOM,     [MIPC_ADVICE_WILLNEED] = MADV_WILLNEED,
      [MIPC_ADVICE_DONTNEED] = MADV_DONTNEED, [MIPC_ADVICE_HUGEPAGE] = MADV_HUGEPAGE,
  };
  return madvise(base, length, advices[advice]) < 0 ? -errno : 0;
}

void mipc_vm_hide(void *base, size_t length) {
  madvise(base, length, MADV_DONTDUMP);
}

int mipc_vm_lock(void *base, size_t length) {
  return mlock(base, length) < 0 ? -errno : 0;
}

int mipc_vm_unlock(void *base, size_t length) {
  return munlock(base, length) < 0 ? -errno : 0;
}

int64_t mipc_vm_resident(void *base, size_t length) {
  enum { CHUNK = 4096 }; /* pages per call */
  unsigned char there[CHUNK];
  size_t page = mipc_vm_page_size(), pages = (length + page - 1) / page;
  int64_t resident = 0;
  for (size_t done = 0; done < pages;) {
    size_t n = pages - done < CHUNK ? pages - done : CHUNK;
    if (mincore((char *)base + done * page, n * page, (void *)there) < 0) return -errno;
    for (size_t i = 0; i < n; i++)
      resident += there[i] & 1;
    done += n;
  }
  return resident;
}
