/*
 * file.h on Windows.
 *
 * Files are opened so that other processes may read, write, rename and remove them meanwhile, as on
 * POSIX. They have no descriptor: descriptors belong to the C runtime of the host, not to ours.
 */
#include "file.h"

#include <stdlib.h>
#include <wchar.h>

#include "../base/status.h"
#include "win32_i.h"
#include <winternl.h>

/* UTF-8 to UTF-16; release with free(). NULL: the error is in GetLastError(). */
static wchar_t *widen(const char *path) {
  int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, NULL, 0);
  wchar_t *wide = length ? malloc((size_t)length * sizeof *wide) : NULL;
  if (wide) {
    MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, wide, length);
  } else if (length) {
    SetLastError(ERROR_NOT_ENOUGH_MEMORY);
  }
  return wide;
}

/*
 * Adds the prefix that lifts the limit of MAX_PATH to an absolute path. Shorter paths stay as they
 * are, since the prefix also removes the special meaning of NUL and of a dot at the end.
 */
static void prefix_long(wchar_t *full, wchar_t *prefixed, size_t length) {
  static const wchar_t plain[] = L"\\\\?\\", unc[] = L"\\\\?\\UNC";
  bool has_server = !wcsncmp(full, L"\\\\", 2);
  if (length < MAX_PATH || !wcsncmp(full, plain, 4) || !wcsncmp(full, L"\\\\.\\", 4)) {
    wmemmove(prefixed, full, length + 1);
  } else if (has_server) { /* \\server\share becomes \\?\UNC\server\share */
    wmemcpy(prefixed, unc, 7);
    wmemmove(prefixed + 7, full + 1, length);
  } else {
    wmemcpy(prefixed, plain, 4);
    wmemmove(prefixed + 4, full, length + 1);
  }
}

/* The path in the form for the system, of any length; release with free(). NULL as above. */
static wchar_t *system_path(const char *path) {
  enum { ROOM = 8 }; /* the longest prefix */
  wchar_t *wide = widen(path);
  if (!wide) return NULL;
  wchar_t *result = NULL;
  DWORD length = GetFullPathNameW(wide, 0, NULL, NULL); /* with the zero */
  if (length) {
    result = malloc((ROOM + (size_t)length) * sizeof *result);
    DWORD got = result ? GetFullPathNameW(wide, length, result + ROOM, NULL) : 0;
    if (!result) {
      SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    } else if (!got || got >= length) { /* another thread changed the current directory */
      free(result);
      result = NULL;
      SetLastError(ERROR_PATH_NOT_FOUND);
    } else {
      prefix_long(result + ROOM, result, got);
    }
  }
  free(wide);
  return result;
}

static HANDLE create_file(const wchar_t *path, DWORD access, DWORD how, DWORD attributes) {
  const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
  return CreateFileW(path, access, share, NULL, how, attributes, NULL);
}

/* For a failed open: without FILE_FLAG_BACKUP_SEMANTICS a directory cannot be opened. */
static bool is_directory(const wchar_t *path) {
  DWORD attributes = GetFileAttributesW(path);
  return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
}

static int open_status(const wchar_t *path, DWORD error) {
  bool may_be = error == ERROR_ACCESS_DENIED || error == ERROR_PATH_NOT_FOUND;
  return may_be && is_directory(path) ? (int)MIPC_UV_EISDIR : mipc_i_status_of(error);
}

int mipc_file_open(const char *path, uint32_t flags, uint32_t mode, mipc_file_t *ret_file,
                   bool *ret_made) {
  const uint32_t owner_may_write = 0200;
  wchar_t *wide = system_path(path);
  if (!wide) return mipc_i_last_status();
  DWORD access = flags & MIPC_OPEN_WRITE ? GENERIC_READ | GENERIC_WRITE : GENERIC_READ;
  DWORD attributes = mode & owner_may_write ? FILE_ATTRIBUTE_NORMAL : FILE_ATTRIBUTE_READONLY;
  DWORD error = ERROR_FILE_NOT_FOUND;
  bool made = false;
  HANDLE file = INVALID_HANDLE_VALUE;
  if (!(flags & MIPC_OPEN_EXCLUSIVE)) {
    file = create_file(wide, access, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL);
    error = GetLastError();
  }
  if (file == INVALID_HANDLE_VALUE && error == ERROR_FILE_NOT_FOUND && (flags & MIPC_OPEN_CREATE)) {
    /* Opens the reparse point itself, so that no file is created through a dangling link. */
    file = create_file(wide, access, CREATE_NEW, attributes | FILE_FLAG_OPEN_REPARSE_POINT);
    error = GetLastError();
    made = file != INVALID_HANDLE_VALUE;
    /* Another process has just created it; or it is such a link, and the open fails again. */
    if (!made && error == ERROR_FILE_EXISTS && !(flags & MIPC_OPEN_EXCLUSIVE)) {
      file = create_file(wide, access, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL);
      error = GetLastError();
    }
  }
  int status = file == INVALID_HANDLE_VALUE ? open_status(wide, error) : 0;
  free(wide);
  if (status < 0) return status;
  ret_file->os = (intptr_t)file;
  *ret_made = made;
  return 0;
}

typedef HANDLE (*get_handle_t)(int);

int mipc_file_dup(int fd, mipc_file_t *ret_file) {
  HMODULE host = GetModuleHandleW(NULL);
  get_handle_t get_handle = (get_handle_t)(void *)GetProcAddress(host, "uv_get_osfhandle");
  if (!get_handle) return MIPC_E_UNSUPPORTED;
  HANDLE theirs = get_handle(fd), self = GetCurrentProcess(), copy;
  /* -2: a standard stream without a file */
  if ((intptr_t)theirs == -1 || (intptr_t)theirs == -2) return MIPC_UV_EBADF;
  if (!DuplicateHandle(self, theirs, self, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS)) {
    return mipc_i_last_status();
  }
  ret_file->os = (intptr_t)copy;
  return 0;
}

static uint64_t join(DWORD high, DWORD low) {
  return (uint64_t)high << 32 | low;
}

int mipc_file_stat(mipc_file_t file, mipc_file_info_t *ret_info) {
  BY_HANDLE_FILE_INFORMATION info = {0};
  mipc_file_kind_t kind = MIPC_KIND_OTHER;
  SetLastError(ERROR_SUCCESS);
  DWORD type = GetFileType((HANDLE)file.os);
  if (type == FILE_TYPE_UNKNOWN && GetLastError() != ERROR_SUCCESS) return mipc_i_last_status();
  if (type == FILE_TYPE_DISK) {
    if (!GetFileInformationByHandle((HANDLE)file.os, &info)) return mipc_i_last_status();
    bool directory = info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY;
    kind = directory ? MIPC_KIND_DIRECTORY : MIPC_KIND_FILE;
  }
  ret_info->kind = kind;
  ret_info->size = join(info.nFileSizeHigh, info.nFileSizeLow);
  ret_info->device = info.dwVolumeSerialNumber;
  ret_info->inode = join(info.nFileIndexHigh, info.nFileIndexLow);
  ret_info->own = true;
  return 0;
}

/* Only ntdll gives these facts about a volume from a file's handle. */
typedef struct {
  ULONG type, characteristics;
} device_info_t; /* FileFsDeviceInformation */
typedef struct {
  int64_t units, free_for_caller, free;
  ULONG sectors_per_unit, bytes_per_sector;
} space_info_t; /* FileFsFullSizeInformation */
enum { DEVICE_INFO = 4, SPACE_INFO = 7, REMOTE_DEVICE = 0x10 };

typedef NTSTATUS(NTAPI *query_volume_t)(HANDLE, IO_STATUS_BLOCK *, void *, ULONG, int);

static void *ntdll(const char *name) {
  return (void *)GetProcAddress(GetModuleHandleW(L"ntdll.dll"), name);
}

static bool query_volume(mipc_file_t file, int what, void *info, ULONG size) {
  query_volume_t call = (query_volume_t)ntdll("NtQueryVolumeInformationFile");
  IO_STATUS_BLOCK block;
  return call && call((HANDLE)file.os, &block, info, size, what) >= 0;
}

static bool volume_has(mipc_file_t file, uint64_t bytes) {
  space_info_t space;
  if (!query_volume(file, SPACE_INFO, &space, sizeof space)) return true;
  uint64_t unit = (uint64_t)space.sectors_per_unit * space.bytes_per_sector;
  return !unit || bytes / unit <= (uint64_t)space.free_for_caller;
}

/*
 * Whether extending the file allocates no space: so with a sparse file, and under Wine, whose files
 * are the host's. (A compressed file allocates its space when it is written back; that cannot be
 * helped here.)
 */
static bool grows_sparse(mipc_file_t file) {
  FILE_BASIC_INFO info;
  bool known = GetFileInformationByHandleEx((HANDLE)file.os, FileBasicInfo, &info, sizeof info);
  return (known && (info.FileAttributes & FILE_ATTRIBUTE_SPARSE_FILE)) || ntdll("wine_get_version");
}

void mipc_i_file_cut(mipc_file_t file, uint64_t from, uint64_t reached) {
  mipc_file_info_t info;
  FILE_END_OF_FILE_INFO end = {.EndOfFile.QuadPart = (int64_t)from};
  if (mipc_file_stat(file, &info) < 0 || info.size != reached || reached == from) return;
  SetFileInformationByHandle((HANDLE)file.os, FileEndOfFileInfo, &end, sizeof end);
}

static OVERLAPPED at(uint64_t offset) {
  return (OVERLAPPED){.Offset = (DWORD)offset, .OffsetHigh = (DWORD)(offset >> 32)};
}

static int write_zeros(mipc_file_t file, uint64_t from, uint64_t to) {
  static const char zeros[65536];
  uint64_t reached = from;
  for (;;) {
    mipc_file_info_t info;
    int status = mipc_file_stat(file, &info);
    if (status == 0 && info.size >= to) return 0;
    if (status == 0) {
      uint64_t rest = to - info.size;
      DWORD step = rest < sizeof zeros ? (DWORD)rest : (DWORD)sizeof zeros, n = 0;
      OVERLAPPED end = at(info.size);
      if (!volume_has(file, rest)) {
        status = MIPC_UV_ENOSPC; /* before other processes run out of space too */
      } else if (!WriteFile((HANDLE)file.os, zeros, step, &n, &end)) {
        status = mipc_i_last_status();
      }
      if (n) reached = info.size + n;
    }
    if (status < 0) {
      mipc_i_file_cut(file, from, reached);
      return status;
    }
  }
}

/*
 * Extends with zeros, under a lock on a byte that no file has: without it, two processes that
 * extend one file would each write zeros over bytes that the other has stored since. On a file
 * system without locks it goes on without the lock.
 */
static int fill(mipc_file_t file, uint64_t to) {
  OVERLAPPED byte = at(MIPC_LOCK_GROWING);
  bool locked = LockFileEx((HANDLE)file.os, LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &byte);
  mipc_file_info_t info;
  int status = mipc_file_stat(file, &info);
  if (status == 0) status = write_zeros(file, info.size, to);
  if (locked) UnlockFileEx((HANDLE)file.os, 0, 1, 0, &byte);
  return status;
}

/* A section that is longer than its file extends the file: in one step, and unlike setting the end
 * of the file it can never cut off bytes that another process has added at the same time. */
static int grow(mipc_file_t file, uint64_t from, uint64_t to) {
  HANDLE section =
      CreateFileMappingW((HANDLE)file.os, NULL, PAGE_READWRITE, (DWORD)(to >> 32), (DWORD)to, NULL);
  if (section) {
    CloseHandle(section);
    return 0;
  }
  int status = mipc_i_last_status();
  mipc_i_file_cut(file, from, to); /* extended, but there was no memory for a section */
  return status;
}

int mipc_file_extend(mipc_file_t file, uint64_t from, uint64_t to) {
  mipc_file_info_t info;
  int status = mipc_file_stat(file, &info);
  /* Long enough already: mipc_vm_map() or another process has extended it. */
  if (status < 0 || info.size >= to) return status;
  return grows_sparse(file) ? fill(file, to) : grow(file, from, to);
}

/* Not supported on Windows: the holes of a sparse file stay holes. */
int mipc_file_fill(mipc_file_t file, uint64_t from, uint64_t to) {
  (void)file;
  (void)from;
  (void)to;
  return 0;
}

static bool same_file(HANDLE a, HANDLE b) {
  BY_HANDLE_FILE_INFORMATION x, y;
  return GetFileInformationByHandle(a, &x) && GetFileInformationByHandle(b, &y) &&
         x.dwVolumeSerialNumber == y.dwVolumeSerialNumber && x.nFileIndexHigh == y.nFileIndexHigh &&
         x.nFileIndexLow == y.nFileIndexLow;
}

/* Deletes through a handle of its own, so that the compared file is the deleted one even if the
 * path has changed meanwhile. The name disappears when the last handle is closed. */
void mipc_file_remove(const char *path, mipc_file_t file) {
  wchar_t *wide = system_path(path);
  if (!wide) return;
  HANDLE named = create_file(wide, DELETE | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES,
                             OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT);
  free(wide);
  if (named == INVALID_HANDLE_VALUE) return;
  if (same_file(named, (HANDLE)file.os)) {
    /* A file created without write permission is read-only, and Windows refuses to delete it. */
    FILE_BASIC_INFO basic = {.FileAttributes = FILE_ATTRIBUTE_NORMAL};
    FILE_DISPOSITION_INFO gone = {.DeleteFile = TRUE};
    SetFileInformationByHandle(named, FileBasicInfo, &basic, sizeof basic);
    SetFileInformationByHandle(named, FileDispositionInfo, &gone, sizeof gone);
  }
  CloseHandle(named);
}

bool mipc_file_coherent(mipc_file_t file) {
  device_info_t device;
  FILE_REMOTE_PROTOCOL_INFO remote; /* for local files the query fails */
  if (query_volume(file, DEVICE_INFO, &device, sizeof device) &&
      (device.characteristics & REMOTE_DEVICE)) {
    return false;
  }
  return !GetFileInformationByHandleEx((HANDLE)file.os, FileRemoteProtocolInfo, &remote,
                                       sizeof remote);
}

int mipc_file_descriptor(mipc_file_t file) {
  (void)file;
  return -1;
}

void mipc_file_close(mipc_file_t file) {
  if (file.os != MIPC_NO_FILE.os) CloseHandle((HANDLE)file.os);
}
