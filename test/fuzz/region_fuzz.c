/*
 * Fuzz target: the validation of a region. The input is a header, or changes to a good one, and the
 * size of its file. mipc_region_validate() checks it; then it is written to a file, which is
 * inspected, opened as a path and as a name, read-only and writable, mapped, accessed at both ends
 * and closed. For any input there is no access outside the file, no endless loop, no open
 * descriptor left, and only results that region.h names.
 *
 * The file is also removed during an attachment, directly and by unlink().
 *
 * The first byte is the format of the rest. Bit 0: 1, the bytes are the header, unchanged; 0,
 * they are changes to a good one, nine bytes each, a field and its value. Bits 1 to 3: the size of
 * the file, as sizes[] below. Bit 4: rows of participants are random, too.
 *
 * With FUZZ_SHOW in the environment it only shows the first input.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/base/status.h"
#include "../../src/region/region.h"
#include "../../src/shm/inspect.h"
#include "../../src/shm/mapping.h"

#include "fuzz.h"

#define PAYLOAD 70000
#define WHOLE   (MIPC_PAYLOAD_OFFSET + PAYLOAD)

static const uint64_t sizes[8] = {WHOLE, WHOLE, WHOLE + 4096, WHOLE - 1,
                                  0,     7,     4096,         MIPC_PAYLOAD_OFFSET};

/* A field of a change. */
typedef struct {
  size_t offset, size;
} field_t;

#define FIELD(type, field, offset, meaning) {offset, sizeof(type)},
static const field_t fields[] = {MIPC_REGION_ROWS(FIELD)};
#undef FIELD
#define FIELDS (sizeof fields / sizeof *fields)

static char folder[64], path[128], names[128], name_path[256];

#define LABEL(type, field, offset, meaning) #field,

/* The calls of this run that reached a mapping. */
static uint64_t opened, looked;

static void print_most(void) {
  fprintf(stderr, "most: %llu opened, %llu inspected and found good\n", (unsigned long long)opened,
          (unsigned long long)looked);
}

static void remove_folder(void) {
  unlink(path);
  unlink(name_path);
  rmdir(names);
  rmdir(folder);
}

static void finish(void) {
  remove_folder();
  print_most();
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  snprintf(folder, sizeof folder, "/dev/shm/mmapipc-fuzz-XXXXXX");
  if (!mkdtemp(folder)) fuzz_die("no folder in /dev/shm");
  snprintf(path, sizeof path, "%s/path", folder);
  snprintf(names, sizeof names, "%s/mmapipc-%lu", folder, (unsigned long)geteuid());
  snprintf(name_path, sizeof name_path, "%s/name", names);
  if (mkdir(names, 0700) < 0) fuzz_die("no folder for names");
  atexit(finish);
  return 0;
}

static mipc_region_shm_t good(void) {
  return (mipc_region_shm_t){
      .magic = MIPC_REGION_MAGIC,
      .version = MIPC_REGION_VERSION,
      .header_size = MIPC_HEADER_SIZE,
      .row_size = MIPC_PARTICIPANT_SIZE,
      .row_count = MIPC_PARTICIPANTS,
      .kind = MIPC_REGION_MMAP,
      .payload_offset = MIPC_PAYLOAD_OFFSET,
      .payload_size = PAYLOAD,
      .id_high = 1,
      .next_number = 1,
      .lock_id_high = 1,
      .end = MIPC_REGION_MAGIC,
      .clean = 1,
  };
}

static mipc_region_shm_t make_header(const uint8_t *data, size_t size, bool is_raw) {
  mipc_region_shm_t header = good();
  uint8_t *bytes = (uint8_t *)&header;
  if (is_raw) {
    memset(bytes, 0, sizeof header);
    memcpy(bytes, data, size < sizeof header ? size : sizeof header);
    return header;
  }
  for (; size >= 9; data += 9, size -= 9) {
    const field_t *field = &fields[data[0] % FIELDS];
    memcpy(bytes + field->offset, data + 1, field->size < 8 ? field->size : 8); /* of room: 8 */
  }
  return header;
}

static void check_state(const mipc_region_shm_t *header, uint64_t size, int state) {
  if (state != 0 && state != 1 && state != MIPC_E_FOREIGN && state != MIPC_E_VERSION &&
      state != MIPC_E_CORRUPT) {
    fuzz_die("validate gave %d", state);
  }
  if (state != 0) return;
  bool fits =
      header->payload_offset <= size && header->payload_size <= size - header->payload_offset;
  if (!fits || header->payload_size == 0) fuzz_die("a payload outside the file is accepted");
}

static void write_file(const char *at, const mipc_region_shm_t *header, uint64_t size,
                       const uint8_t *rows, size_t rows_size) {
  int fd = open(at, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) fuzz_die("no file %s", at);
  size_t n = size < sizeof *header ? (size_t)size : sizeof *header;
  bool done = ftruncate(fd, (off_t)size) == 0 && pwrite(fd, header, n, 0) == (ssize_t)n;
  if (done && rows_size && size == WHOLE) {
    done = pwrite(fd, rows, rows_size, MIPC_HEADER_SIZE) == (ssize_t)rows_size;
  }
  if (!done) fuzz_die("cannot write %s", at);
  close(fd);
}

/* Whether the name or path leads to the region, before and after its file is removed. Only the
 * mark of unlink() is read of the header, and any value of it but 0 is one. */
static void check_place(mipc_region_t *region, const char *file, uint32_t unlinked) {
  if (mipc_region_whereabouts(region) != MIPC_WHEREABOUTS_IN_PLACE)
    fuzz_die("an unchanged file is reported as lost");
  if (mipc_region_check_name(region) != 0) fuzz_die("an unchanged name is reported as stale");
  if (unlink(file) < 0) fuzz_die("cannot remove %s", file);
  if (mipc_region_whereabouts(region) !=
      (unlinked ? MIPC_WHEREABOUTS_UNLINKED : MIPC_WHEREABOUTS_LOST)) {
    fuzz_die("a removed file gave %d", (int)mipc_region_whereabouts(region));
  }
}

/* unlink() removes a region, also an unfinished or damaged one, and nothing else. */
static void try_unlink(const mipc_region_spec_t *spec, const char *file, int state) {
  mipc_report_t report;
  int expected = state == MIPC_E_FOREIGN ? (int)MIPC_E_FOREIGN : 0;
  int status = mipc_region_unlink(spec, &report);
  if (status != expected) fuzz_die("unlink gave %d", status);
  if ((access(file, F_OK) == 0) != (status != 0))
    fuzz_die("unlink gave %d, and the file disagrees", status);
}

static void touch(mipc_region_t *region, bool read_only) {
  mipc_report_t report;
  mipc_mapping_t *mapping;
  uint8_t byte = 0;
  uint64_t size = mipc_region_size(region);
  mipc_mapping_spec_t spec = {
      .region = region, .prot = read_only ? MIPC_PROT_READ : MIPC_PROT_READ | MIPC_PROT_WRITE};
  if (mipc_mapping_open(&spec, &report, &mapping) < 0) {
    mipc_region_put(region);
    return;
  }
  if (size > WHOLE) fuzz_die("%llu bytes of a file of less", (unsigned long long)size);
  mipc_mapping_read(mapping, 0, &byte, 1);
  mipc_mapping_read(mapping, size - 1, &byte, 1);
  if (!read_only) mipc_mapping_write(mapping, size - 1, &byte, 1);
  mipc_mapping_close(mapping, 0);
  mipc_mapping_put(mapping);
  opened++;
}

/* `header`: that of the file; NULL: the region may be new. */
static void try_open(mipc_region_spec_t spec, bool read_only, const mipc_region_shm_t *header) {
  mipc_report_t report;
  mipc_region_t *region;
  spec.read_only = read_only;
  double since = fuzz_clock();
  int status = mipc_region_open(&spec, &report, &region);
  if (status > 0) fuzz_die("open gave %d", status);
  if (status == 0 && header && report.codec != header->codec) {
    fuzz_die("codec %u is reported, %u is there", report.codec, header->codec);
  }
  if (status == 0 && header && !read_only) check_place(region, spec.where, header->unlinked);
  if (status == 0) touch(region, read_only);
  if (fuzz_clock() - since > FUZZ_CALL_MS) fuzz_die("open took too long");
}

static void look(mipc_region_spec_t spec, int expected) {
  static mipc_participant_t list[MIPC_PARTICIPANTS];
  mipc_report_t report;
  mipc_inspection_t found;
  if (mipc_inspect(&spec, &report, &found, list, MIPC_PARTICIPANTS) < 0) {
    fuzz_die("inspect failed");
  }
  const mipc_region_facts_t facts = found.region;
  if (facts.state != expected) fuzz_die("inspect gave %d, validate %d", facts.state, expected);
  if (facts.listed > MIPC_PARTICIPANTS || facts.dead > facts.listed) fuzz_die("too many listed");
  if (facts.state == 0) looked++;
}

static int count_files(void) {
  int count = 0;
  for (int fd = 0; fd < 64; fd++)
    count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  uint8_t how = *data++;
  size--;
  mipc_region_shm_t header = make_header(data, size, how & 1);
  uint64_t file_size = sizes[how >> 1 & 7];
  if (getenv("FUZZ_SHOW")) {
    printf("file of %llu bytes\n", (unsigned long long)file_size);
    static const char *const labels[] = {MIPC_REGION_ROWS(LABEL)};
    for (size_t i = 0; i < FIELDS; i++) {
      uint64_t value = 0;
      memcpy(&value, (const uint8_t *)&header + fields[i].offset, fields[i].size);
      printf("%-16s 0x%llx\n", labels[i], (unsigned long long)value);
    }
    fflush(stdout);
    remove_folder();
    _Exit(0); /* a return would show it again */
  }
  int files = count_files();
  int state = mipc_region_validate(&header, file_size);
  check_state(&header, file_size, state);

  write_file(path, &header, file_size, data, how & 16 ? size : 0);
  mipc_region_spec_t at_path = {.place = MIPC_PLACE_PATH,
                                .where = path,
                                .kind = MIPC_REGION_MMAP,
                                .create = MIPC_CREATE_NEVER,
                                .mode = 0600,
                                .any_filesystem = true,
                                .accept_unclean = true};
  look(at_path, state);
  try_open(at_path, true, &header);
  try_open(at_path, false, &header);
  write_file(path, &header, file_size, data, how & 16 ? size : 0);
  try_unlink(&at_path, path, state);

  write_file(name_path, &header, file_size, NULL, 0);
  mipc_region_spec_t by_name = at_path;
  by_name.place = MIPC_PLACE_NAME;
  by_name.where = "name";
  by_name.directory = folder;
  by_name.create = MIPC_CREATE_IF_MISSING;
  by_name.size = 100;
  by_name.wait_ms = 20;
  try_open(by_name, false, NULL);
  if (access(name_path, F_OK) == 0) fuzz_die("the file of an unused name remains");
  if (count_files() != files) fuzz_die("%d descriptors, %d before", count_files(), files);
  return 0;
}
