/*
 * The one definition of every struct that C shares with somebody else: with JS, and with other
 * processes through a region.
 *
 * A struct is a list of rows, X(type, field, offset, meaning). The rows make the struct, one
 * compile-time assert per offset, the offsets that lib/ reads (binding.layout), and the table in
 * src/README.md (a test compares them). No offset is written anywhere else.
 */
#ifndef MIPC_SHM_LAYOUT_H
#define MIPC_SHM_LAYOUT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The report of one environment (thread) to its JS: what an open found, or why it failed. Written
 * by C during a call, read by JS after it; nobody else sees it.
 */
/* clang-format off */
#define MIPC_REPORT_ROWS(X)                                                                        \
  X(uint64_t, file_size,  0, "bytes the file has; with FILE_TOO_SMALL, and after an open")         \
  X(uint64_t, size,       8, "bytes of the mapping")                                               \
  X(uint64_t, address,   16, "of the first byte that JS sees")                                     \
  X(uint64_t, device,    24, "of the file; with inode: which file it is, whatever its name")       \
  X(uint64_t, inode,     32, "of the file")                                                        \
  X(int32_t,  fd,        40, "descriptor of the mapping's own, -1 where files have none")          \
  X(uint32_t, call,      44, "the system call that failed, an index into binding.calls")           \
  X(uint32_t, kind,      48, "of a file that cannot be mapped, a mipc_file_kind_t")                \
  X(uint32_t, page_size, 52, "bytes of a page")
/* clang-format on */
#define MIPC_REPORT_SIZE 56

#define MIPC_LAYOUT_FIELD(type, field, offset, meaning) type field;
typedef struct {
  MIPC_REPORT_ROWS(MIPC_LAYOUT_FIELD)
} mipc_report_t;
#undef MIPC_LAYOUT_FIELD

#define MIPC_LAYOUT_ASSERT(type, field, offset, meaning)                                           \
  static_assert(offsetof(mipc_report_t, field) == (offset), "mipc_report_t." #field);
MIPC_REPORT_ROWS(MIPC_LAYOUT_ASSERT)
static_assert(sizeof(mipc_report_t) == MIPC_REPORT_SIZE, "mipc_report_t");
#undef MIPC_LAYOUT_ASSERT

#endif
