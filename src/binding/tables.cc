/*
 * The tables that C defines and JS reads: status codes, system calls, constants, advices, layout.
 */
#include "environment.h"

extern "C" {
#include "../base/status.h"
#include "../pack/frame.h"
#include "../pack/template.h"
#include "../shm/mapping.h"
}

/* [{ status, name, text }] in the order of the list. */
static Napi::Array codes(Napi::Env env) {
  struct Row {
    int status;
    const char *name, *text;
  };
#define ROW(symbol, number, name, text) {number, name, text},
  static const Row rows[] = {MIPC_STATUS_MAP(ROW)};
#undef ROW
  Napi::Array list = Napi::Array::New(env);
  for (const Row &row : rows) {
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("status", row.status);
    entry.Set("name", row.name);
    entry.Set("text", row.text);
    list.Set(list.Length(), entry);
  }
  return list;
}

template <size_t n> static Napi::Array names(Napi::Env env, const char *const (&list)[n]) {
  Napi::Array array = Napi::Array::New(env, n);
  for (uint32_t i = 0; i < n; i++)
    array.Set(i, list[i]);
  return array;
}

struct LayoutRow {
  const char *type, *name;
  uint32_t offset;
  const char *meaning;
};

/* { size, fields: { name: { offset, type, meaning } } } */
template <size_t n>
static Napi::Object layout_of(Napi::Env env, uint32_t size, const LayoutRow (&rows)[n]) {
  Napi::Object fields = Napi::Object::New(env);
  for (const LayoutRow &row : rows) {
    Napi::Object field = Napi::Object::New(env);
    field.Set("offset", row.offset);
    field.Set("type", row.type);
    field.Set("meaning", row.meaning);
    fields.Set(row.name, field);
  }
  Napi::Object layout = Napi::Object::New(env);
  layout.Set("size", size);
  layout.Set("fields", fields);
  return layout;
}

/* One for each struct that C and JS share. */
static Napi::Object layouts(Napi::Env env) {
#define ROW(type, field, offset, meaning) {#type, #field, offset, meaning},
  static const LayoutRow report[] = {MIPC_REPORT_ROWS(ROW)};
  static const LayoutRow region[] = {MIPC_REGION_ROWS(ROW)};
  static const LayoutRow participant[] = {MIPC_PARTICIPANT_ROWS(ROW)};
  static const LayoutRow slot[] = {MIPC_CELL_SLOT_ROWS(ROW)};
  static const LayoutRow share[] = {MIPC_SHARE_FRAME_ROWS(ROW)};
  static const LayoutRow pack[] = {MIPC_PACK_FRAME_ROWS(ROW)};
#undef ROW
  Napi::Object layout = Napi::Object::New(env);
  layout.Set("report", layout_of(env, MIPC_REPORT_SIZE, report));
  layout.Set("region", layout_of(env, MIPC_HEADER_SIZE, region));
  layout.Set("participant", layout_of(env, MIPC_PARTICIPANT_SIZE, participant));
  layout.Set("cellSlot", layout_of(env, MIPC_CELL_SLOT_SIZE, slot));
  layout.Set("share", layout_of(env, MIPC_SHARE_FRAME_SIZE, share));
  layout.Set("pack", layout_of(env, MIPC_PACK_FRAME_SIZE, pack));
  return layout;
}

/* [{ name, kind, text }]: what pack and unpack return, by number. */
static Napi::Array pack_errors(Napi::Env env) {
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
  Napi::Array list = Napi::Array::New(env);
  for (const Row &row : rows) {
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("name", row.name);
    entry.Set("kind", row.kind);
    entry.Set("text", row.text);
    list.Set(list.Length(), entry);
  }
  return list;
}

void tables_exports(Napi::Env env, Napi::Object exports) {
  exports.Set("codes", codes(env));
  exports.Set("packErrors", pack_errors(env));

#define ROW(symbol, name) name,
  static const char *const calls[] = {MIPC_CALL_MAP(ROW)};
  static const char *const advices[] = {MIPC_ADVICE_MAP(ROW)};
#undef ROW
  exports.Set("calls", names(env, calls));
  exports.Set("advices", names(env, advices));

  Napi::Object constants = Napi::Object::New(env);
#define ROW(name, number) constants.Set(#name, number);
  MIPC_CONSTANT_MAP(ROW)
#undef ROW
  exports.Set("constants", constants);

  exports.Set("layout", layouts(env));
  exports.Set("regionVersion", MIPC_REGION_VERSION);
  Napi::Object kinds = Napi::Object::New(env);
#define ROW(symbol, number, name) kinds.Set(number, name);
  MIPC_REGION_KIND_MAP(ROW)
#undef ROW
  exports.Set("regionKinds", kinds);
}
