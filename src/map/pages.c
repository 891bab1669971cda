/*
 * Pages on their way between the pool and a stripe, in two transactions: of the pool, which moves
 * them to or from the stripe's `mail`, and of the stripe. Whichever lock's owner dies, no page is
 * lost.
 */
#include "log_i.h"

mipc_map_page_shm_t *mipc_i_list_end(mipc_map_t *map, uint32_t head, uint32_t count) {
  mipc_map_page_shm_t *page = mipc_i_page(map, head);
  if (count > map->geometry.page_count) mipc_i_corrupt(map);
  for (uint32_t i = 1; i < count && page && !map->is_corrupt; i++)
    page = mipc_i_page(map, mipc_i_get32(&page->next));
  return map->is_corrupt ? NULL : page;
}

/* Undoes what the record's participant did to the pool, and before that, what it was undoing. */
static void recover_pool(mipc_map_t *map, uint32_t index, uint32_t depth) {
  if (index > map->geometry.record_count || depth > map->geometry.record_count) {
    mipc_i_corrupt(map);
    return;
  }
  mipc_map_record_shm_t *dead = &map->records[index - 1];
  uint32_t before = mipc_i_get32(&dead->recovering_pool);
  if (before) recover_pool(map, before, depth + 1);
  mipc_i_put32(&dead->recovering_pool, 0);
  mipc_i_log_t log = mipc_i_pool_log(dead);
  mipc_i_roll_back(map, &log);
}

static bool lock_pool(mipc_map_t *map) {
  uint32_t *heir = &map->own->recovering_pool;
  int taken = mipc_i_lock(map, &map->pool->lock, heir, false);
  if (taken == MIPC_MAP_BUSY) map->is_busy = true;
  if (taken != 0 && taken != 1) return false;
  uint32_t index = mipc_i_get32(heir);
  if (taken == 1 && index) {
    recover_pool(map, index, 0);
    mipc_i_put32(heir, 0);
  }
  return true;
}

bool mipc_i_pool_settle(mipc_map_t *map) {
  if (!lock_pool(map)) return false;
  mipc_i_unlock(map, &map->pool->lock);
  return true;
}

void mipc_i_mail_in(mipc_map_t *map, mipc_map_stripe_shm_t *stripe) {
  mipc_i_list_t mail = mipc_i_list(mipc_i_get64(&stripe->mail));
  if (!mail.count) return;
  mipc_i_list_t free = mipc_i_list(mipc_i_get64(&stripe->free));
  mipc_map_page_shm_t *end = mipc_i_list_end(map, mail.head, mail.count);
  if (!end) return;
  mipc_i_log_t log = mipc_i_log(map);
  mipc_i_logged32(map, &log, &end->next, free.head);
  mipc_i_logged64(map, &log, &stripe->free, mipc_i_list_word(mail.head, free.count + mail.count));
  mipc_i_logged64(map, &log, &stripe->mail, 0);
  mipc_i_commit(map, &log);
}

/* With the pool's lock: up to `wanted` pages of its list to the mail. Returns their number. */
static uint32_t take_freed(mipc_map_t *map, mipc_i_log_t *log, uint32_t wanted,
                           uint32_t *ret_head) {
  mipc_i_list_t free = mipc_i_list(mipc_i_get64(&map->pool->free));
  uint32_t count = free.count < wanted ? free.count : wanted;
  mipc_map_page_shm_t *end = mipc_i_list_end(map, free.head, count);
  if (!end) return 0;
  uint32_t rest = free.count > count ? mipc_i_get32(&end->next) : 0;
  mipc_i_logged32(map, log, &end->next, 0);
  mipc_i_logged64(map, log, &map->pool->free, mipc_i_list_word(rest, free.count - count));
  *ret_head = free.head;
  return count;
}

/* The same of the pages that were never used. */
static uint32_t take_fresh(mipc_map_t *map, mipc_i_log_t *log, uint32_t wanted,
                           uint32_t *ret_head) {
  uint64_t fresh = mipc_i_get64(&map->pool->fresh);
  if (fresh >= map->geometry.page_count) return 0;
  uint64_t left = map->geometry.page_count - fresh;
  uint32_t count = left < wanted ? (uint32_t)left : wanted;
  uint32_t first = map->geometry.first_page + (uint32_t)fresh;
  /* No list has these pages, so their links need no log. */
  for (uint32_t i = 0; i < count; i++)
    mipc_i_put32(&map->pages[fresh + i].next, i + 1 < count ? first + i + 1 : 0);
  mipc_i_logged64(map, log, &map->pool->fresh, fresh + count);
  *ret_head = first;
  return count;
}

bool mipc_i_pool_take(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint32_t wanted) {
  mipc_map_pool_shm_t *pool = map->pool;
  uint32_t head = 0;
  mipc_i_mail_in(map, stripe);
  /* A look without the lock: a full map does not take it for nothing. */
  bool has_freed = mipc_i_list(mipc_i_get64(&pool->free)).count != 0;
  if (!has_freed && mipc_i_get64(&pool->fresh) >= map->geometry.page_count) return false;
  if (!lock_pool(map)) return false;
  mipc_i_log_t log = mipc_i_pool_log(map->own);
  bool some = mipc_i_list(mipc_i_get64(&pool->free)).count != 0;
  uint32_t count =
      some ? take_freed(map, &log, wanted, &head) : take_fresh(map, &log, wanted, &head);
  if (count) mipc_i_logged64(map, &log, &stripe->mail, mipc_i_list_word(head, count));
  bool good = mipc_i_commit(map, &log);
  mipc_i_unlock(map, &pool->lock);
  if (good) mipc_i_mail_in(map, stripe);
  return good && count && !map->is_corrupt;
}

void mipc_i_pool_give(mipc_map_t *map, mipc_map_stripe_shm_t *stripe, uint32_t count) {
  mipc_i_list_t free = mipc_i_list(mipc_i_get64(&stripe->free));
  if (count > free.count) count = free.count;
  if (!count) return;
  mipc_map_page_shm_t *end = mipc_i_list_end(map, free.head, count);
  if (!end) return;
  mipc_i_log_t log = mipc_i_log(map);
  uint32_t rest = free.count > count ? mipc_i_get32(&end->next) : 0;
  mipc_i_logged32(map, &log, &end->next, 0);
  mipc_i_logged64(map, &log, &stripe->free, mipc_i_list_word(rest, free.count - count));
  mipc_i_logged64(map, &log, &stripe->mail, mipc_i_list_word(free.head, count));
  if (!mipc_i_commit(map, &log)) return;
  if (!lock_pool(map)) {
    mipc_i_mail_in(map, stripe);
    return;
  }
  mipc_i_log_t pool_log = mipc_i_pool_log(map->own);
  mipc_i_list_t pool = mipc_i_list(mipc_i_get64(&map->pool->free));
  mipc_i_logged32(map, &pool_log, &end->next, pool.head);
  mipc_i_logged64(map, &pool_log, &map->pool->free,
                  mipc_i_list_word(free.head, pool.count + count));
  mipc_i_logged64(map, &pool_log, &stripe->mail, 0);
  mipc_i_commit(map, &pool_log);
  mipc_i_unlock(map, &map->pool->lock);
}
