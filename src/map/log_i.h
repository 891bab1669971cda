/*
 * Transactions of the allocator: the words that one changes are logged in the record before, each
 * with its old value. Setting the count of the log to 0 makes all of them final at once. If the
 * process dies before, the next one restores them.
 */
#ifndef MIPC_MAP_LOG_I_H
#define MIPC_MAP_LOG_I_H

#include "map_i.h"

/* The logs: of the stripe's pages, and of the pool. A transaction begins with an empty log; how
 * many words it has logged is known here, so that it need not be loaded from the record each time.
 */
typedef struct {
  uint32_t *count;
  uint64_t *words;
  uint32_t most, used;
} mipc_i_log_t;

static inline mipc_i_log_t mipc_i_log(const mipc_map_t *map) {
  mipc_map_record_shm_t *r = map->record;
  return (mipc_i_log_t){&r->log_count, r->log.at, MIPC_MAP_MOST_LOG, 0};
}

static inline mipc_i_log_t mipc_i_pool_log(mipc_map_record_shm_t *record) {
  return (mipc_i_log_t){&record->pool_log_count, record->pool_log.at, MIPC_MAP_POOL_LOG, 0};
}

/* Logs the word that holds `at`, so that rolling back restores it. False: the map is corrupt, and
 * the word must not be changed. */
static inline bool mipc_i_log_word(mipc_map_t *map, mipc_i_log_t *log, const void *at) {
  uint64_t offset = mipc_i_offset(map, at) & ~(uint64_t)7;
  uint32_t n = log->used;
  if (n >= log->most || map->is_corrupt) {
    map->is_corrupt = true;
    return false;
  }
  mipc_i_put64(&log->words[2 * n], offset);
  mipc_i_put64(&log->words[2 * n + 1], mipc_i_get64(mipc_i_at(map, offset)));
  mipc_i_put32(log->count, log->used = n + 1);
  return true;
}

static inline void mipc_i_logged64(mipc_map_t *map, mipc_i_log_t *log, uint64_t *word,
                                   uint64_t value) {
  if (mipc_i_log_word(map, log, word)) mipc_i_put64(word, value);
}

static inline void mipc_i_logged32(mipc_map_t *map, mipc_i_log_t *log, uint32_t *word,
                                   uint32_t value) {
  if (mipc_i_log_word(map, log, word)) mipc_i_put32(word, value);
}

/* Restores what the log has. */
void mipc_i_roll_back(mipc_map_t *map, const mipc_i_log_t *log);

/* Ends a transaction: by one store, all its words are final. False: the map is corrupt, and all of
 * them are as before. */
static inline bool mipc_i_commit(mipc_map_t *map, const mipc_i_log_t *log) {
  if (map->is_corrupt) {
    mipc_i_roll_back(map, log);
    return false;
  }
  mipc_i_put32(log->count, 0);
  return true;
}

#endif
