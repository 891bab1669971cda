/*
 * Names: files of one directory of the user's. Any text is a name; what a file may not be called is
 * written as %XX, so that two names are never one file.
 */
#include <string.h>

#include "../base/status.h"
#include "../os/identity.h"
#include "../os/process.h"
#include "region_i.h"

static bool is_plain(char c, bool is_first) {
  bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is_letter || (c >= '0' && c <= '9') || c == '-' || c == '_' || (c == '.' && !is_first);
}

/* `name` as a file name at `to`; false when it does not fit. */
static bool encode(const char *name, char *to, size_t room) {
  static const char digits[] = "0123456789ABCDEF";
  for (const char *from = name; *from; from++) {
    bool plain = is_plain(*from, from == name);
    size_t length = plain ? 1 : 3;
    if (room <= length) return false;
    if (plain) {
      *to = *from;
    } else {
      to[0] = '%';
      to[1] = digits[(uint8_t)*from >> 4];
      to[2] = digits[(uint8_t)*from & 15];
    }
    to += length;
    room -= length;
  }
  *to = '\0';
  return *name != '\0';
}

/* The directory and its slash at `ret_path`: how many bytes, or a failure. */
static int put_directory(const mipc_region_spec_t *spec, bool make, mipc_report_t *report,
                         char ret_path[MIPC_SHARED_PATH]) {
  report->call = make ? MIPC_CALL_MKDIR : MIPC_CALL_OPEN;
  int status = mipc_shared_directory(spec->directory, make, ret_path);
  if (status < 0) return status;
  report->call = MIPC_CALL_NONE;
  size_t length = strlen(ret_path);
  ret_path[length] = '/';
  return (int)length + 1;
}

int mipc_i_name_path(const mipc_region_spec_t *spec, bool make, mipc_report_t *report,
                     char ret_path[MIPC_SHARED_PATH]) {
  int length = put_directory(spec, make, report, ret_path);
  if (length < 0) return length;
  return encode(spec->where, ret_path + length, MIPC_SHARED_PATH - (size_t)length)
             ? 0
             : (int)MIPC_E_RANGE;
}

/* No name is encoded with a dot at its beginning. */
int mipc_i_unnamed_path(const mipc_region_spec_t *spec, bool make, const uint64_t id[2],
                        mipc_report_t *report, char ret_path[MIPC_SHARED_PATH]) {
  char name[MIPC_ID_NAME_SIZE];
  int length = put_directory(spec, make, report, ret_path);
  if (length < 0) return length;
  mipc_i_id_name(id, name);
  size_t size = strlen(name) + 1;
  if (MIPC_SHARED_PATH - (size_t)length < size + 1) return MIPC_E_RANGE;
  ret_path[length] = '.';
  memcpy(ret_path + length + 1, name, size);
  return 0;
}

/*
 * The sweep. Each open looks at the directory, so its cost must not grow with the names in use: at
 * most MOST_IN_USE of them are asked about, from a random place on, and then the process does not
 * sweep again for REST_MS. Stale files do not count: each is removed, and so paid for once. Where
 * fewer names are in use, each open leaves no stale file behind.
 */
#define MOST_IN_USE 64
#define REST_MS     1000

/* When this process may sweep again. relaxed: a thread that reads an old value sweeps once more. */
static mipc_atomic_u64_t next_sweep_ms;

typedef struct {
  char path[MIPC_SHARED_PATH];
  size_t directory;  /* bytes of it, with the slash */
  uint32_t count;    /* of names */
  uint32_t from, to; /* places of the names that are looked at */
  uint32_t place;    /* of the next name */
  uint32_t budget;
} sweep_t;

static bool count_name(void *context, const char *name) {
  (void)name;
  ((sweep_t *)context)->count++;
  return true;
}

/*
 * Removes a file of the directory if no process has it. The lock is tried, not waited for: its
 * holder is at work there. A file that its maker has not locked yet may go, too: the maker finds it
 * gone, and makes another. Returns whether the file is in use.
 */
static bool sweep_file(const char *path) {
  mipc_file_t file;
  mipc_file_info_t info;
  bool made, is_stale = false;
  if (mipc_shared_open(path, MIPC_OPEN_READ, 0, &file, &made) < 0) return true;
  /* Asked without the lock first: files in use are not disturbed. */
  if (mipc_file_stat(file, &info) == 0 && info.kind == MIPC_KIND_FILE &&
      mipc_i_others_attached(file, true) == 0 && mipc_i_creation_lock(file, 0) == 0) {
    is_stale = mipc_i_others_attached(file, true) == 0;
    if (is_stale) mipc_file_remove(path, file);
    mipc_i_creation_unlock(file);
  }
  mipc_shared_close(file);
  return !is_stale;
}

static bool visit(void *context, const char *name) {
  sweep_t *sweep = context;
  uint32_t place = sweep->place++;
  size_t length = strlen(name) + 1;
  if (place >= sweep->to) return false;
  if (place < sweep->from || length > sizeof sweep->path - sweep->directory) return true;
  memcpy(sweep->path + sweep->directory, name, length);
  if (sweep_file(sweep->path)) sweep->budget--;
  return sweep->budget > 0;
}

static void sweep_range(sweep_t *sweep, const char *directory, uint32_t from, uint32_t to) {
  sweep->place = 0;
  sweep->from = from;
  sweep->to = to;
  if (sweep->budget > 0 && from < to) mipc_shared_list(directory, visit, sweep);
}

void mipc_i_names_sweep(const char *path) {
  uint64_t now = mipc_clock_ms();
  if (now < mipc_atomic_load_relaxed_u64(&next_sweep_ms)) return;
  sweep_t sweep = {.budget = MOST_IN_USE};
  sweep.directory = (size_t)(strrchr(path, '/') - path) + 1;
  memcpy(sweep.path, path, sweep.directory);
  char directory[MIPC_SHARED_PATH];
  memcpy(directory, sweep.path, sweep.directory);
  directory[sweep.directory] = '\0';
  if (mipc_shared_list(directory, count_name, &sweep) < 0) return;
  uint32_t start = 0;
  if (sweep.count > MOST_IN_USE && mipc_random(&start, sizeof start) < 0) start = 0;
  if (sweep.count) start %= sweep.count;
  /* Names come and go meanwhile: the second part has no end of its own when it begins at 0. */
  sweep_range(&sweep, directory, start, UINT32_MAX);
  sweep_range(&sweep, directory, 0, start);
  if (sweep.budget == 0) mipc_atomic_store_relaxed_u64(&next_sweep_ms, now + REST_MS);
}
