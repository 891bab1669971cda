/*
 * The classes of blocks, and how an entry is cut into blocks and pages.
 */
#include "../base/crc32c.h"
#include "entry_i.h"

/* Bytes, each a multiple of 16. A step wastes at most an eighth from 1,024 up (with a tail), at
 * most a fifth below, and 16 bytes at the small end. */
const uint32_t mipc_i_class_size[MIPC_MAP_CLASSES] = {
    32,  48,  64,  80,  96,  112, 128, 144, 160, 176,  192,  224,  256,
    288, 336, 368, 400, 448, 512, 576, 672, 816, 1024, 1360, 2048, MIPC_MAP_BUCKET_SIZE,
};

#define UNIT 16u

/* The class of every size in units of 16 bytes. */
static const uint8_t class_of[MIPC_MAP_MOST_BLOCK / UNIT + 1] = {
    0,  0,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 11, 12, 12, 13, 13, 14, 14, 14,
    15, 15, 16, 16, 17, 17, 17, 18, 18, 18, 18, 19, 19, 19, 19, 20, 20, 20, 20, 20, 20, 21,
    21, 21, 21, 21, 21, 21, 21, 21, 22, 22, 22, 22, 22, 22, 22, 22, 22, 22, 22, 22, 22, 23,
    23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 24, 24,
    24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24,
    24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24,
};

uint32_t mipc_i_class_for(uint32_t bytes) {
  return class_of[(bytes + UNIT - 1) / UNIT];
}

uint32_t mipc_i_classes_id(void) {
  return mipc_crc32c(0, mipc_i_class_size, sizeof mipc_i_class_size);
}

/* An entry is split into a head of this size and a tail, if its class would waste more than an
 * eighth. */
#define SPLIT 1024u

static void put(mipc_i_cut_t *ret_cut, uint32_t head, uint32_t header, uint32_t pages,
                bool is_large) {
  ret_cut->head = head;
  ret_cut->tail = MIPC_MAP_NO_CLASS;
  ret_cut->header = header;
  ret_cut->pages = pages;
  ret_cut->is_large = is_large;
}

/* Head and tail for `bytes` of an entry, `header` of which must be in the head. */
static void split(mipc_i_cut_t *ret_cut, uint32_t header, uint32_t bytes, uint32_t pages) {
  put(ret_cut, mipc_i_class_for(SPLIT), header, pages, true);
  ret_cut->tail = mipc_i_class_for(bytes - SPLIT + MIPC_MAP_TAIL_HEADER);
}

static bool wastes(uint32_t bytes) {
  return bytes > SPLIT && mipc_i_class_size[mipc_i_class_for(bytes)] - bytes > bytes / 8;
}

void mipc_i_cut(uint32_t header, uint64_t length, mipc_i_cut_t *ret_cut) {
  uint64_t bytes = header + length;
  uint32_t large = header + MIPC_MAP_LARGE_WORDS;
  if (bytes <= MIPC_MAP_MOST_BLOCK) {
    uint32_t n = (uint32_t)bytes;
    if (!wastes(n) || large > SPLIT)
      put(ret_cut, mipc_i_class_for(n), header, 0, false);
    else
      split(ret_cut, large, n + MIPC_MAP_LARGE_WORDS, 0);
    return;
  }
  bytes += MIPC_MAP_LARGE_WORDS;
  uint32_t pages = (uint32_t)(bytes / MIPC_MAP_PAGE_SIZE);
  uint32_t rest = (uint32_t)(bytes % MIPC_MAP_PAGE_SIZE);
  uint32_t most = MIPC_MAP_MOST_BLOCK;
  if (rest >= large && rest <= most) {
    if (wastes(rest) && large <= SPLIT)
      split(ret_cut, large, rest, pages);
    else
      put(ret_cut, mipc_i_class_for(rest), large, pages, true);
  } else if (rest > most && rest - most + MIPC_MAP_TAIL_HEADER <= most) {
    put(ret_cut, mipc_i_class_for(most), large, pages, true);
    ret_cut->tail = mipc_i_class_for(rest - most + MIPC_MAP_TAIL_HEADER);
  } else {
    /* The rest is smaller than the header, or too large for two blocks: the head is as small as
     * possible, and pages take the rest. */
    uint32_t head = mipc_i_class_for(large);
    uint64_t outside = bytes - mipc_i_class_size[head];
    pages = (uint32_t)((outside + MIPC_MAP_PAGE_SIZE - 1) / MIPC_MAP_PAGE_SIZE);
    put(ret_cut, head, large, pages, true);
  }
}
