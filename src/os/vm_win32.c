/*
 * vm.h on Windows.
 *
 * A range of a file is mapped through a section: an object that reaches to the end of the range,
 * and that can be closed once the view exists. While a view exists, no process can make the file
 * shorter than its section.
 */
#include "vm.h"

#include "../base/status.h"
#include "process.h"
#include "win32_i.h"

#define PSAPI_VERSION 2 /* QueryWorkingSetEx from kernel32, not from psapi.dll */
#include <psapi.h>

static SYSTEM_INFO system_info(void) {
  SYSTEM_INFO info;
  GetSystemInfo(&info);
  return info;
}

size_t mipc_vm_page_size(void) {
  return system_info().dwPageSize;
}

size_t mipc_vm_granularity(void) {
  return system_info().dwAllocationGranularity;
}

static int map_section(mipc_file_t file, uint64_t offset, size_t length, mipc_vm_access_t access,
                       void **ret_base) {
  static const struct {
    DWORD page, view;
  } rights[] = {
      [MIPC_VM_READ] = {PAGE_READONLY, FILE_MAP_READ},
      [MIPC_VM_WRITE] = {PAGE_READWRITE, FILE_MAP_READ | FILE_MAP_WRITE},
      [MIPC_VM_COPY] = {PAGE_WRITECOPY, FILE_MAP_COPY},
  };
  uint64_t end = offset + length;
  HANDLE section = CreateFileMappingW((HANDLE)file.os, NULL, rights[access].page,
                                      (DWORD)(end >> 32), (DWORD)end, NULL);
  if (!section) return mipc_i_last_status();
  void *base =
      MapViewOfFile(section, rights[access].view, (DWORD)(offset >> 32), (DWORD)offset, length);
  int status = base ? 0 : mipc_i_last_status();
  CloseHandle(section); /* the view keeps it */
  if (status == 0) *ret_base = base;
  return status;
}

static bool address_space_has(size_t length) {
  SYSTEM_INFO info = system_info();
  return length <= (uintptr_t)info.lpMaximumApplicationAddress;
}

/*
 * A section cannot be longer than its file, and a mapped file cannot be made shorter: so the space
 * is allocated before the file is mapped, and released if that fails. A length that no address
 * space can hold is refused before it fills the disk.
 */
int mipc_vm_map(mipc_file_t file, uint64_t offset, size_t length, mipc_vm_access_t access,
                void **ret_base) {
  mipc_file_info_t info;
  uint64_t end = offset + length;
  int status = mipc_file_stat(file, &info);
  if (status < 0) return status;
  bool grow = access == MIPC_VM_WRITE && info.size < end;
  if (grow) {
    if (!address_space_has(length)) return mipc_no_memory();
    status = mipc_file_extend(file, info.size, end);
    if (status < 0) return status;
  }
  status = map_section(file, offset, length, access, ret_base);
  if (status < 0 && grow) mipc_i_file_cut(file, info.size, end);
  return status;
}

/* A section of the paging file, so that it is unmapped like any other mapping. */
int mipc_vm_map_private(size_t length, void **ret_base) {
  mipc_file_t none = {(intptr_t)INVALID_HANDLE_VALUE};
  return map_section(none, 0, length, MIPC_VM_WRITE, ret_base);
}

void mipc_vm_unmap(void *base, size_t length) {
  (void)length;
  UnmapViewOfFile(base);
}

bool mipc_vm_replace(void *base, size_t length) {
  UnmapViewOfFile(base);
  /* Pages without access are better than none: no other allocation gets the address. */
  return VirtualAlloc(base, length, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) ||
         VirtualAlloc(base, length, MEM_RESERVE, PAGE_NOACCESS);
}

void mipc_vm_unmap_replaced(void *base, size_t length) {
  (void)length;
  VirtualFree(base, 0, MEM_RELEASE);
}

/* ERROR_LOCK_VIOLATION: the system's lazy writer is writing the same pages; that ends soon. */
static int flush_view(const void *base, size_t length) {
  enum { TRIES = 1000 };
  for (int i = 0; !FlushViewOfFile(base, length); i++) {
    DWORD error = GetLastError();
    if (error != ERROR_LOCK_VIOLATION || i == TRIES) return mipc_i_status_of(error);
    Sleep(1);
  }
  return 0;
}

int mipc_vm_flush(mipc_file_t file, void *base, size_t length, bool async) {
  if (!length) return 0; /* which Windows takes for the whole view */
  int status = flush_view(base, length);
  if (status < 0 || async) return status;
  if (FlushFileBuffers((HANDLE)file.os)) return 0;
  /* A handle without write access has no data of ours to wait for. */
  return GetLastError() == ERROR_ACCESS_DENIED ? 0 : mipc_i_last_status();
}

typedef BOOL(WINAPI *prefetch_t)(HANDLE, ULONG_PTR, WIN32_MEMORY_RANGE_ENTRY *, ULONG);

static int prefetch(void *base, size_t length) {
  HMODULE kernel = GetModuleHandleW(L"kernel32.dll");
  prefetch_t call = (prefetch_t)(void *)GetProcAddress(kernel, "PrefetchVirtualMemory");
  WIN32_MEMORY_RANGE_ENTRY range = {base, length};
  if (!call || call(GetCurrentProcess(), 1, &range, 0)) return 0;
  return mipc_i_last_status();
}

int mipc_vm_advise(void *base, size_t length, mipc_advice_t advice) {
  if (advice == MIPC_ADVICE_HUGEPAGE) return MIPC_E_UNSUPPORTED;
  return advice == MIPC_ADVICE_WILLNEED ? prefetch(base, length) : 0;
}

/* Allows `length` more locked bytes: the limit is the minimum size of the working set, about 200 KB
 * unless the process asks for more. */
static bool raise_quota(size_t length) {
  HANDLE self = GetCurrentProcess();
  SIZE_T least, most;
  mipc_process_lock(); /* another thread may change the sizes between the two calls */
  bool raised = GetProcessWorkingSetSize(self, &least, &most) && length <= SIZE_MAX / 2 - most &&
                SetProcessWorkingSetSize(self, least + length, most + length);
  mipc_process_unlock();
  return raised;
}

/* Windows itself excludes mappings of files from its dumps. */
void mipc_vm_hide(void *base, size_t length) {
  (void)base;
  (void)length;
}

int mipc_vm_lock(void *base, size_t length) {
  if (VirtualLock(base, length)) return 0;
  DWORD error = GetLastError();
  if (error != ERROR_WORKING_SET_QUOTA || !raise_quota(length)) return mipc_i_status_of(error);
  return VirtualLock(base, length) ? 0 : mipc_i_last_status();
}

int mipc_vm_unlock(void *base, size_t length) {
  if (VirtualUnlock(base, length) || GetLastError() == ERROR_NOT_LOCKED) return 0;
  return mipc_i_last_status();
}

int64_t mipc_vm_resident(void *base, size_t length) {
  enum { CHUNK = 512 }; /* pages per call */
  PSAPI_WORKING_SET_EX_INFORMATION asked[CHUNK];
  size_t page = mipc_vm_page_size(), pages = (length + page - 1) / page;
  int64_t resident = 0;
  for (size_t done = 0; done < pages;) {
    size_t n = pages - done < CHUNK ? pages - done : CHUNK;
    for (size_t i = 0; i < n; i++)
      asked[i].VirtualAddress = (char *)base + (done + i) * page;
    if (!QueryWorkingSetEx(GetCurrentProcess(), asked, (DWORD)(n * sizeof *asked))) {
      return mipc_i_last_status();
    }
    for (size_t i = 0; i < n; i++)
      resident += asked[i].VirtualAttributes.Valid;
    done += n;
  }
  return resident;
}
