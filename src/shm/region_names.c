/*
 * Names: files of one directory of the user's. Any text is a name; what a file may not be called is
 * written as %XX, so that two names are never one file.
 */
#include <string.h>

#include "../base/status.h"
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

int mipc_i_name_path(const mipc_region_spec_t *spec, bool make, mipc_report_t *report,
                     char ret_path[MIPC_SHARED_PATH]) {
  report->call = make ? MIPC_CALL_MKDIR : MIPC_CALL_OPEN;
  int status = mipc_shared_directory(spec->directory, make, ret_path);
  if (status < 0) return status;
  report->call = MIPC_CALL_NONE;
  size_t length = strlen(ret_path);
  ret_path[length] = '/';
  return encode(spec->where, ret_path + length + 1, MIPC_SHARED_PATH - length - 1)
             ? 0
             : (int)MIPC_E_RANGE;
}

typedef struct {
  char path[MIPC_SHARED_PATH];
  size_t directory; /* bytes of it, with the slash */
} sweep_t;

/*
 * Removes a file of the directory if nobody has it. The lock is tried, not waited for: who has it
 * is at work there. A file that its maker has not locked yet may go, too: he finds it gone, and
 * makes another.
 */
static void visit(void *context, const char *name) {
  sweep_t *sweep = context;
  size_t length = strlen(name) + 1;
  if (length > sizeof sweep->path - sweep->directory) return;
  memcpy(sweep->path + sweep->directory, name, length);
  mipc_file_t file;
  mipc_file_info_t info;
  bool made;
  if (mipc_shared_open(sweep->path, MIPC_OPEN_READ, 0, &file, &made) < 0) return;
  /* Asked without the lock first: files in use are not disturbed. */
  if (mipc_file_stat(file, &info) == 0 && info.kind == MIPC_KIND_FILE &&
      mipc_i_anybody(file, true) == 0 && mipc_i_birth_lock(file, 0) == 0) {
    if (mipc_i_anybody(file, true) == 0) mipc_file_remove(sweep->path, file);
    mipc_i_birth_unlock(file);
  }
  mipc_shared_close(file);
}

void mipc_i_names_sweep(const char *path) {
  sweep_t sweep;
  sweep.directory = (size_t)(strrchr(path, '/') - path) + 1;
  memcpy(sweep.path, path, sweep.directory);
  sweep.path[sweep.directory] = '\0';
  char directory[MIPC_SHARED_PATH];
  memcpy(directory, sweep.path, sweep.directory + 1);
  mipc_shared_list(directory, visit, &sweep);
}
