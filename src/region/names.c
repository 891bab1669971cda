/*
 * Names: files in one directory of the user. Any text is a name. Bytes that are not safe in a file
 * name are written as %XX, so that two names never share a file.
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

/* Writes `name` as a file name to `to`; false: it does not fit, or is empty. */
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

/* Writes the directory and a slash to `ret_path`. Returns their length, or a failure. */
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

/* The dot at the beginning keeps it apart from the encoded names, which never begin with one. */
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
 * The sweep. Each open looks at the directory, so the cost must not grow with the number of names
 * in use. A sweep starts at a random name and ends after MOST_IN_USE names in use; then the process
 * does not sweep again for REST_MS. Stale files are not counted: each is removed, so it costs only
 * once. If fewer names are in use, each open removes all stale files.
 */
#define MOST_IN_USE 64
#define REST_MS     1000

/* The time of the next sweep. relaxed: a thread that reads an old value sweeps once more. */
static mipc_atomic_u64_t next_sweep_ms;

typedef struct {
  char path[MIPC_SHARED_PATH];
  size_t directory;  /* bytes of it, with the slash */
  uint32_t count;    /* of names */
  uint32_t from, to; /* the names to look at: their positions in the directory */
  uint32_t position; /* of the next name */
  uint32_t budget;   /* names in use that may still be looked at */
} sweep_t;

static bool count_name(void *context, const char *name) {
  (void)name;
  ((sweep_t *)context)->count++;
  return true;
}

/*
 * Removes a file of the directory if no process is attached. It does not wait for the creation
 * lock: if another process holds the lock, the file is in use. It may also remove a new file that
 * its creator has not locked yet; the creator then notices this and creates another file. Returns
 * whether the file is in use.
 */
static bool sweep_file(const char *path) {
  mipc_file_t file;
  mipc_file_info_t info;
  bool made, is_stale = false;
  if (mipc_shared_open(path, MIPC_OPEN_READ, 0, &file, &made) < 0) return true;
  /* The first look takes no lock, so that files in use are not disturbed. */
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
  uint32_t position = sweep->position++;
  size_t length = strlen(name) + 1;
  if (position >= sweep->to) return false;
  if (position < sweep->from || length > sizeof sweep->path - sweep->directory) return true;
  memcpy(sweep->path + sweep->directory, name, length);
  if (sweep_file(sweep->path)) sweep->budget--;
  return sweep->budget > 0;
}

static void sweep_range(sweep_t *sweep, const char *directory, uint32_t from, uint32_t to) {
  sweep->position = 0;
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
  /* Names may be added meanwhile, so the first range has no end. */
  sweep_range(&sweep, directory, start, UINT32_MAX);
  sweep_range(&sweep, directory, 0, start);
  if (sweep.budget == 0) mipc_atomic_store_relaxed_u64(&next_sweep_ms, now + REST_MS);
}
