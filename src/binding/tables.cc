/*
 * The tables that C defines and JS reads: status codes, system calls, constants, advice, numbers,
 * layouts.
 */
#include "values.h"

extern "C" {
#include "../base/map_layout.h"
#include "../base/status.h"
#include "../map/map.h"
#include "../pack/frame.h"
#include "../pack/pack.h"
#include "../shm/share.h"
}

#include <initializer_list>
#include <utility>

/* [{ status, name, text }] in the order of the list. */
static napi_value codes(napi_env env) {
  struct Row {
    int status;
    const char *name, *text;
  };
#define ROW(symbol, number, name, text) {number, name, text},
  static const Row rows[] = {MIPC_STATUS_MAP(ROW)};
#undef ROW
  List list(env);
  for (const Row &row : rows) {
    Object entry(env);
    entry.number("status", row.status);
    entry.text("name", row.name);
    entry.text("text", row.text);
    list.push(entry.get());
  }
  return list.get();
}

template <size_t n> static napi_value names(napi_env env, const char *const (&list)[n]) {
  List array(env);
  for (const char *name : list)
    array.push(to_text(env, name));
  return array.get();
}

struct LayoutRow {
  const char *type, *name;
  uint32_t offset;
  const char *meaning;
};

/* { size, fields: { name: { offset, type, meaning } } } */
template <size_t n>
static napi_value layout_of(napi_env env, uint32_t size, const LayoutRow (&rows)[n]) {
  Object fields(env);
  for (const LayoutRow &row : rows) {
    Object field(env);
    field.number("offset", row.offset);
    field.text("type", row.type);
    field.text("meaning", row.meaning);
    fields.set(row.name, field.get());
  }
  Object layout(env);
  layout.number("size", size);
  layout.set("fields", fields.get());
  return layout.get();
}

/* { struct: layout } of each struct that C and JS share. */
static napi_value layouts(napi_env env) {
#define ROW(type, field, offset, meaning) {#type, #field, offset, meaning},
  static const LayoutRow report[] = {MIPC_REPORT_ROWS(ROW)};
  static const LayoutRow region[] = {MIPC_REGION_ROWS(ROW)};
  static const LayoutRow participant[] = {MIPC_PARTICIPANT_ROWS(ROW)};
  static const LayoutRow slot[] = {MIPC_CELL_SLOT_ROWS(ROW)};
  static const LayoutRow share[] = {MIPC_SHARE_FRAME_ROWS(ROW)};
  static const LayoutRow section[] = {MIPC_SECTION_FRAME_ROWS(ROW)};
  static const LayoutRow pack[] = {MIPC_PACK_FRAME_ROWS(ROW)};
  static const LayoutRow map[] = {MIPC_MAP_FRAME_ROWS(ROW)};
  static const LayoutRow item[] = {MIPC_MAP_ITEM_ROWS(ROW)};
  static const LayoutRow pool[] = {MIPC_MAP_POOL_ROWS(ROW)};
  static const LayoutRow stripe[] = {MIPC_MAP_STRIPE_ROWS(ROW)};
  static const LayoutRow record[] = {MIPC_MAP_RECORD_ROWS(ROW)};
  static const LayoutRow page[] = {MIPC_MAP_PAGE_ROWS(ROW)};
  static const LayoutRow bucket[] = {MIPC_MAP_BUCKET_ROWS(ROW)};
  static const LayoutRow entry[] = {MIPC_MAP_ENTRY_ROWS(ROW)};
  static const LayoutRow change[] = {MIPC_MAP_CHANGE_ROWS(ROW)};
#undef ROW
  Object layout(env);
  layout.set("report", layout_of(env, MIPC_REPORT_SIZE, report));
  layout.set("region", layout_of(env, MIPC_HEADER_SIZE, region));
  layout.set("participant", layout_of(env, MIPC_PARTICIPANT_SIZE, participant));
  layout.set("cellSlot", layout_of(env, MIPC_CELL_SLOT_SIZE, slot));
  layout.set("share", layout_of(env, MIPC_SHARE_FRAME_SIZE, share));
  layout.set("section", layout_of(env, MIPC_SECTION_FRAME_SIZE, section));
  layout.set("pack", layout_of(env, MIPC_PACK_FRAME_SIZE, pack));
  layout.set("map", layout_of(env, MIPC_MAP_FRAME_SIZE, map));
  layout.set("mapItem", layout_of(env, MIPC_MAP_ITEM_SIZE, item));
  layout.set("mapPool", layout_of(env, MIPC_MAP_POOL_SIZE, pool));
  layout.set("mapStripe", layout_of(env, MIPC_MAP_STRIPE_SIZE, stripe));
  layout.set("mapRecord", layout_of(env, MIPC_MAP_RECORD_SIZE, record));
  layout.set("mapPage", layout_of(env, MIPC_MAP_PAGE_ROW, page));
  layout.set("mapBucket", layout_of(env, MIPC_MAP_BUCKET_SIZE, bucket));
  layout.set("mapEntry", layout_of(env, MIPC_MAP_ENTRY_SIZE, entry));
  layout.set("mapChange", layout_of(env, MIPC_MAP_CHANGE_SIZE, change));
  return layout.get();
}

/* [{ name, kind, text }]: the results of pack and unpack; their numbers are the indexes. */
static napi_value pack_errors(napi_env env) {
  struct Row {
    const char *name, *kind, *text;
  };
#define ROW(symbol, kind, text) {#symbol, #kind, text},
  static const Row rows[] = {{"OK", "", ""},
                             {"MORE_VALUES", "", ""},
                             {"MORE_TEXT", "", ""},
                             {"MORE_OUTPUT", "", ""},
                             MIPC_PACK_ERROR_MAP(ROW)};
#undef ROW
  List list(env);
  for (const Row &row : rows) {
    Object entry(env);
    entry.text("name", row.name);
    entry.text("kind", row.kind);
    entry.text("text", row.text);
    list.push(entry.get());
  }
  return list.get();
}

/* { number: name } */
static napi_value region_kinds(napi_env env) {
  struct Row {
    const char *number, *name;
  };
#define ROW(symbol, number, name) {#number, name},
  static const Row rows[] = {MIPC_REGION_KIND_MAP(ROW)};
#undef ROW
  Object kinds(env);
  for (const Row &row : rows)
    kinds.text(row.number, row.name);
  return kinds.get();
}

/* { list: { SYMBOL: number } }, frozen: the numbers that C and JS share. */
static napi_value numbers(napi_env env) {
  Object lists(env);
  auto add = [&](const char *name, std::initializer_list<std::pair<const char *, int>> rows) {
    Object list(env);
    for (const auto &[symbol, number] : rows)
      list.number(symbol, number);
    lists.set(name, list.frozen());
  };
#define ROW(symbol, number)            {#symbol, number},
#define KIND_ROW(symbol, number, name) {#symbol, number},
  add("place", {MIPC_PLACE_MAP(ROW)});
  add("create", {MIPC_CREATE_MAP(ROW)});
  add("regionKind", {MIPC_REGION_KIND_MAP(KIND_ROW)});
  add("regionState", {{"UNFINISHED", MIPC_REGION_UNFINISHED}});
  add("whereabouts", {MIPC_WHEREABOUTS_MAP(ROW)});
  add("fileKind", {MIPC_FILE_KIND_MAP(ROW)});
  add("lock", {MIPC_LOCK_RESULT_MAP(ROW)});
  add("share", {MIPC_SHARE_RESULT_MAP(ROW)});
  add("shareWay", {MIPC_SHARE_WAY_MAP(ROW)});
  add("cell", {MIPC_CELL_RESULT_MAP(ROW)});
  add("map", {MIPC_MAP_RESULT_MAP(ROW)});
  add("mapIf", {MIPC_MAP_IF_MAP(ROW)});
  add("mapChange", {MIPC_MAP_CHANGE_MAP(ROW)});
  add("mapType", {{"NUMBER", MIPC_MAP_TYPE_NUMBER}, {"LEASE", MIPC_MAP_TYPE_LEASE}});
  add("mapLimit", {{"KEY", MIPC_MAP_MOST_KEY},
                   {"LEAST_BYTES", static_cast<int>(MIPC_MAP_LEAST_BYTES)},
                   {"KIND_WORDS", MIPC_REGION_KIND_WORDS},
                   {"ITEMS", MIPC_MAP_MOST_ITEMS},
                   {"ITEM_KEYS", MIPC_MAP_SCRATCH_KEYS}});
  add("tag", {MIPC_TAG_MAP(ROW)});
  add("bigint", {MIPC_BIGINT_MAP(ROW)});
  add("store", {MIPC_STORE_MAP(ROW)});
#undef KIND_ROW
#undef ROW
  return lists.frozen();
}

void tables_exports(napi_env env, Object &exports) {
  exports.set("codes", codes(env));
  exports.set("packErrors", pack_errors(env));

#define ROW(symbol, name) name,
  static const char *const calls[] = {MIPC_CALL_MAP(ROW)};
  static const char *const advices[] = {MIPC_ADVICE_MAP(ROW)};
#undef ROW
  exports.set("calls", names(env, calls));
  exports.set("advices", names(env, advices));

  Object constants(env);
#define ROW(name, value) constants.number(#name, value);
  MIPC_CONSTANT_MAP(ROW)
#undef ROW
  exports.set("constants", constants.get());

  exports.set("numbers", numbers(env));
  exports.set("layout", layouts(env));
  exports.number("regionVersion", MIPC_REGION_VERSION);
  exports.number("payloadOffset", MIPC_PAYLOAD_OFFSET);
  exports.set("regionKinds", region_kinds(env));
}
