/*
 * The tables that C defines and JS reads: status codes, system calls, constants, advices, layout.
 */
#include "environment.h"

extern "C" {
#include "../base/status.h"
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
static Napi::Object layout_of(Napi::Env env, const LayoutRow (&rows)[n], uint32_t size) {
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

/* One for each struct of shm/layout.h. */
static Napi::Object layouts(Napi::Env env) {
#define ROW(type, field, offset, meaning) {#type, #field, offset, meaning},
  static const LayoutRow report[] = {MIPC_REPORT_ROWS(ROW)};
  static const LayoutRow region[] = {MIPC_REGION_ROWS(ROW)};
  static const LayoutRow participant[] = {MIPC_PARTICIPANT_ROWS(ROW)};
#undef ROW
  Napi::Object layout = Napi::Object::New(env);
  layout.Set("report", layout_of(env, report, MIPC_REPORT_SIZE));
  layout.Set("region", layout_of(env, region, MIPC_HEADER_SIZE));
  layout.Set("participant", layout_of(env, participant, MIPC_PARTICIPANT_SIZE));
  return layout;
}

void tables_exports(Napi::Env env, Napi::Object exports) {
  exports.Set("codes", codes(env));

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
}
