/*
 * Broken twins of the table of a SharedMap: each is src/map/ with one deliberate error, which a test
 * of deaths must find. An edit replaces a text that the file has exactly once.
 */
'use strict';

const TWINS = [
  {
    title: 'fields that a dead process half filled in stay',
    file: 'recover.c',
    from: '  forget_old(r);\n  mipc_i_drop_new(map, stripe);',
    to: '  mipc_i_drop_new(map, stripe);',
  },
  {
    title: 'the record is cleared before the blocks are freed',
    file: 'publish.c',
    from: '  if (mipc_i_get64(&r->old_head)) mipc_i_block_free',
    to: '  mipc_i_put32(&r->state, MIPC_MAP_OP_NONE);\n  if (mipc_i_get64(&r->old_head)) mipc_i_block_free',
  },
  {
    title: 'the log counts an entry before it is written',
    file: 'log_i.h',
    from: '  mipc_i_put64(&log->words[2 * n], offset);',
    to: '  mipc_i_put32(log->count, n + 1);\n  mipc_i_put64(&log->words[2 * n], offset);',
  },
  {
    title: 'a commit is undone without a look at its word',
    file: 'recover.c',
    from: 'state == MIPC_MAP_OP_READY && !has_committed(map, r)',
    to: 'state == MIPC_MAP_OP_READY && (!has_committed(map, r) || true)',
  },
  {
    title: 'a block is allocated outside of the transaction of its field',
    file: 'blocks.c',
    from: '  mipc_i_logged64(map, &log, field, offset);\n  return mipc_i_commit(map, &log);',
    to: '  mipc_i_commit(map, &log);\n  mipc_i_put64(field, offset);\n  return true;',
  },
  {
    title: 'the old blocks are freed before the commit',
    file: 'publish.c',
    from: '  mipc_i_make_odd(change->home, version);\n  /* release: P1. */\n  if (change->is_narrow)',
    to:
      '  mipc_i_make_odd(change->home, version);\n' +
      '  if (mipc_i_get64(&r->old_head)) mipc_i_block_free(map, stripe, &r->old_head);\n' +
      '  if (change->is_narrow)',
  },
  {
    title: 'the recovery of a number leaves the version of the bucket',
    file: 'recover.c',
    from: '  mipc_i_set_version(map, mipc_i_get64(&r->home), version);\n',
    to: '',
  },
  {
    title: 'the recovery of a number leaves the version of the entry',
    file: 'recover.c',
    from: '  mipc_atomic_store_release_u64(&entry->word, word | (version & MIPC_MAP_VERSION_MASK));\n',
    to: '  (void)word;\n',
  },
  {
    title: 'the version stays odd after an operation was undone',
    file: 'recover.c',
    from: '    mipc_i_set_version(map, mipc_i_get64(&r->home), mipc_i_get64(&r->version));\n',
    to: '',
  },
  {
    title: 'the version is not odd during a change',
    file: 'map_i.h',
    from: '  mipc_i_put64(&home->version, (version - 1) | MIPC_MAP_VERSION_BASE);',
    to: '  (void)home, (void)version;',
  },
  {
    title: 'the mail of a stripe is lost',
    file: 'recover.c',
    from: '  mipc_i_mail_in(map, stripe);\n',
    to: '',
  },
  {
    title: 'the log of a dead process is not rolled back',
    file: 'recover.c',
    from: '  mipc_i_roll_back(map, &log);\n',
    to: '  mipc_i_put32(log.count, 0);\n',
  },
  {
    title: 'the log of the pool is not rolled back',
    file: 'pages.c',
    from: '  mipc_i_roll_back(map, &log);\n',
    to: '  mipc_i_put32(log.count, 0);\n',
  },
  {
    title: 'the record to recover is noted after the lock is taken',
    file: 'lock.c',
    from: '  mipc_i_put32(heir, mipc_i_record_of(map, now & OWNER));\n',
    to: '',
    and: {
      from: '(word, now, map->me | C)) return true;\n  mipc_i_put32(heir, 0);\n  return false;',
      to:
        '(word, now, map->me | C)) {\n' +
        '    mipc_i_put32(heir, mipc_i_record_of(map, now & OWNER));\n    return true;\n  }\n' +
        '  return false;',
    },
  },
  {
    title: 'the recovery of a recovery forgets the first of the dead',
    file: 'recover.c',
    from: '  if (before) recover_chain(map, stripe, before, depth + 1);\n',
    to: '  (void)before, (void)depth;\n',
  },
  {
    title: 'the number of entries is not part of the operation',
    file: 'publish.c',
    from: '  mipc_i_put64(&stripe->count, mipc_i_get64(&r->count));\n',
    to: '',
    and: {
      from: 'MIPC_MAP_OP_COMMITTED);\n  mipc_i_finish(map, stripe);\n',
      to: 'MIPC_MAP_OP_COMMITTED);\n  mipc_i_finish(map, stripe);\n  mipc_i_put64(&stripe->count, change->count);\n',
    },
  },
  {
    title: 'a recovery records no change',
    file: 'publish.c',
    from: '  if (mipc_i_get64(&r->change)) mipc_i_change_append(map, stripe);\n  if (mipc_i_get64(&r->old_head))',
    to:
      '  if (mipc_i_get64(&r->change) && map->record == map->own) mipc_i_change_append(map, stripe);\n' +
      '  mipc_i_put64(&r->change, 0);\n  if (mipc_i_get64(&r->old_head))',
  },
  {
    title: 'a reservation of a dead process is never freed',
    file: 'recover.c',
    from: '    if (mipc_i_get32(&r->state) != MIPC_MAP_OP_RESERVED || number == map->me || !number) continue;',
    to: '    if (mipc_i_get32(&r->state) != 99 || number == map->me || !number) continue;',
  },
  {
    title: 'a record is taken from a dead process although it is needed',
    file: 'record.c',
    from: ' && is_quiet(r) &&\n         !is_needed(map, number, index)',
    to: '',
  },
];

module.exports = { TWINS };
