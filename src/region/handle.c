/*
 * Handles: memfd:<id>:<pid>:<fd>, 32 hexadecimal digits and two decimal numbers. The id decides
 * which region it is; process and descriptor are only the first place to look. If the system
 * refuses memfds or has no /proc, the memory is a file in the directory of names: file:<id>.
 */
#include <string.h>

#include "../base/status.h"
#include "../os/fork.h"
#include "../os/identity.h"
#include "region_i.h"

static const char start[] = "memfd:";
static const char file_start[] = "file:";
static const char digits[] = "0123456789abcdef";

static char *put_id(char *at, const uint64_t id[2]) {
  for (int i = 0; i < 32; i++)
    *at++ = digits[id[i / 16] >> (60 - i % 16 * 4) & 15];
  return at;
}

static char *put_number(char *at, uint32_t number) {
  char backwards[10];
  int length = 0;
  do {
    backwards[length++] = digits[number % 10];
    number /= 10;
  } while (number);
  while (length)
    *at++ = backwards[--length];
  return at;
}

/* take_id() and take_number() return the rest of the text, or NULL. */
static const char *take_id(const char *at, uint64_t ret_id[2]) {
  ret_id[0] = ret_id[1] = 0;
  for (int i = 0; i < 32; i++, at++) {
    const char *digit = *at ? strchr(digits, *at) : NULL;
    if (!digit) return NULL;
    ret_id[i / 16] = ret_id[i / 16] << 4 | (uint64_t)(digit - digits);
  }
  return at;
}

static const char *take_number(const char *at, uint32_t *ret_number) {
  uint32_t number = 0;
  const char *begin = at;
  for (; *at >= '0' && *at <= '9'; at++) {
    if (at - begin == 9) return NULL; /* no process or descriptor has so many digits */
    number = number * 10 + (uint32_t)(*at - '0');
  }
  *ret_number = number;
  return at == begin ? NULL : at;
}

bool mipc_i_handle_parse(const char *text, mipc_i_handle_t *ret_handle) {
  mipc_i_handle_t handle = {0};
  const char *at = text;
  if (strncmp(at, file_start, sizeof file_start - 1) == 0) {
    handle.is_file = true;
    at = take_id(at + sizeof file_start - 1, handle.id);
    if (!at || *at) return false;
    *ret_handle = handle;
    return true;
  }
  if (strncmp(at, start, sizeof start - 1) != 0) return false;
  at = take_id(at + sizeof start - 1, handle.id);
  if (!at || *at != ':') return false;
  at = take_number(at + 1, &handle.pid);
  if (!at || *at != ':') return false;
  at = take_number(at + 1, &handle.fd);
  if (!at || *at) return false;
  *ret_handle = handle;
  return true;
}

void mipc_i_id_name(const uint64_t id[2], char ret_name[MIPC_ID_NAME_SIZE]) {
  static const char prefix[] = "mmapipc-";
  memcpy(ret_name, prefix, sizeof prefix - 1);
  *put_id(ret_name + sizeof prefix - 1, id) = '\0';
}

int mipc_region_handle(const mipc_region_t *r, char ret_text[MIPC_HANDLE_SIZE]) {
  if (r->closed || r->fork_generation != mipc_fork_generation()) return MIPC_E_CLOSED;
  if (r->unnamed) {
    memcpy(ret_text, file_start, sizeof file_start - 1);
    *put_id(ret_text + sizeof file_start - 1, r->id) = '\0';
    return 0;
  }
  if (r->place != MIPC_PLACE_ANONYMOUS) return MIPC_E_UNSUPPORTED;
  mipc_identity_t me;
  mipc_identity(&me);
  memcpy(ret_text, start, sizeof start - 1);
  char *at = put_id(ret_text + sizeof start - 1, r->id);
  *at++ = ':';
  at = put_number(at, me.pid);
  *at++ = ':';
  *put_number(at, (uint32_t)r->file.os) = '\0';
  return 0;
}

int mipc_i_handle_open(const mipc_i_handle_t *handle, bool read_only, mipc_report_t *report,
                       mipc_file_t *ret_file) {
  char name[MIPC_ID_NAME_SIZE];
  mipc_i_id_name(handle->id, name);
  report->call = MIPC_CALL_OPEN;
  return mipc_shared_find(name, handle->pid, handle->fd, read_only, ret_file);
}
