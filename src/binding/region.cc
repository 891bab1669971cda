/*
 * Regions for JS: attaching, which gives a mapping of the payload; looking from outside; removing.
 * What is wanted comes as one plain object, with the names of mipc_region_spec_t.
 */
#include "values.h"

#include <new>
#include <string>

extern "C" {
#include "../base/status.h"
#include "../os/process.h"
#include "../os/shared_file.h"
#include "../shm/mapping.h"
#include "../shm/region.h"
}

namespace {

/* A text of JS for as long as C looks at it; NULL where there is none. */
class Text {
public:
  explicit Text(const Napi::Value &value) : is_there(value.IsString()) {
    if (is_there) text = value.As<Napi::String>().Utf8Value();
  }
  const char *get() const {
    return is_there ? text.c_str() : nullptr;
  }

private:
  bool is_there;
  std::string text;
};

/* The texts of a specification, and the rest of it. */
struct Spec {
  explicit Spec(const Napi::Object &given)
      : where(given.Get("where")), inherited(given.Get("inherited")),
        directory(given.Get("directory")) {
    region.place = static_cast<mipc_place_t>(to_u32(given.Get("place")));
    region.where = where.get();
    region.inherited = inherited.get();
    region.directory = directory.get();
    region.size = to_u64(given.Get("size"));
    region.capacity = to_u64(given.Get("capacity"));
    region.kind = to_u32(given.Get("kind"));
    region.create = static_cast<mipc_create_t>(to_u32(given.Get("create")));
    region.mode = to_u32(given.Get("mode"));
    region.wait_ms = to_u32(given.Get("wait"));
    region.read_only = to_bool(given.Get("attachReadOnly"));
    region.any_filesystem = to_bool(given.Get("anyFilesystem"));
    region.guard = to_bool(given.Get("guard"));
    region.accept_unclean = to_bool(given.Get("acceptUnclean"));
    region.must_inherit = to_bool(given.Get("mustInherit"));
  }
  Text where, inherited, directory;
  mipc_region_spec_t region = {};
};

/* openRegion(owner, spec) -> handle of a mapping of the payload, or status; binding.report tells
 * more. With `prot`, `copyOnWrite` and `protect` of the mapping. */
Napi::Value open_region(const Napi::CallbackInfo &info) {
  mipc_report_t *report = environment_of(info.Env())->report;
  Napi::Object given = info[1].As<Napi::Object>();
  Spec spec(given);
  mipc_region_t *region = nullptr;
  int status = mipc_region_open(&spec.region, report, &region);
  if (status < 0) return to_number(info, status);
  mipc_report_t found = *report;
  mipc_mapping_spec_t wanted = {};
  wanted.region = region;
  wanted.prot = to_u32(given.Get("prot"));
  wanted.copy_on_write = to_bool(given.Get("copyOnWrite"));
  wanted.protect = to_bool(given.Get("protect"));
  wanted.guard = spec.region.guard && !mipc_region_sealed(region);
  wanted.with_header = to_bool(given.Get("withHeader"));
  mipc_mapping_t *mapping = nullptr;
  status = mipc_mapping_open(&wanted, report, &mapping);
  if (status < 0) {
    mipc_region_put(region);
    return to_number(info, status);
  }
  report->capacity = found.capacity;
  report->version = found.version;
  report->region_kind = found.region_kind;
  report->number = found.number;
  report->made = found.made;
  report->device = found.device;
  report->inode = found.inode;
  return own_mapping(info, mapping);
}

/* regionHandle(handle) -> text, or a status */
Napi::Value region_handle(const Napi::CallbackInfo &info) {
  mipc_mapping_t *mapping = find(info);
  const mipc_region_t *region = mapping ? mipc_mapping_region(mapping) : nullptr;
  if (!region) return to_number(info, MIPC_E_CLOSED);
  char text[MIPC_HANDLE_SIZE];
  int status = mipc_region_handle(region, text);
  return status < 0 ? to_number(info, status) : Napi::String::New(info.Env(), text);
}

/* regionStale(handle) -> whether its name or path leads elsewhere; false of what is no region */
Napi::Value region_stale(const Napi::CallbackInfo &info) {
  mipc_mapping_t *mapping = find(info);
  const mipc_region_t *region = mapping ? mipc_mapping_region(mapping) : nullptr;
  return Napi::Boolean::New(info.Env(), region && mipc_region_stale(region));
}

Napi::Array participants(Napi::Env env, const mipc_participant_t *list, uint32_t count) {
  Napi::Array array = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; i++) {
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("number", list[i].number);
    entry.Set("pid", list[i].pid);
    entry.Set("thread", list[i].thread);
    entry.Set("pidNamespace", list[i].pid_namespace);
    entry.Set("since", list[i].since);
    entry.Set("waiting", list[i].waiting);
    entry.Set("alive", list[i].alive);
    array.Set(i, entry);
  }
  return array;
}

/* inspectRegion(spec) -> what mipc_region_facts_t has, with the list of participants, or a status
 */
Napi::Value inspect(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Spec spec(info[0].As<Napi::Object>());
  mipc_participant_t *list = new (std::nothrow) mipc_participant_t[MIPC_PARTICIPANTS];
  if (!list) return to_number(info, mipc_no_memory());
  mipc_region_facts_t facts = {};
  int status = mipc_region_inspect(&spec.region, environment_of(env)->report, &facts, list,
                                   MIPC_PARTICIPANTS);
  Napi::Object result = Napi::Object::New(env);
  if (status >= 0) {
    result.Set("state", facts.state);
    result.Set("id", Napi::Array::New(env, 2));
    result.Get("id").As<Napi::Array>().Set(0u, Napi::BigInt::New(env, facts.id[0]));
    result.Get("id").As<Napi::Array>().Set(1u, Napi::BigInt::New(env, facts.id[1]));
    result.Set("size", static_cast<double>(facts.size));
    result.Set("version", facts.version);
    result.Set("kind", facts.kind);
    result.Set("writers", facts.writers);
    result.Set("readers", facts.readers);
    result.Set("dead", facts.dead);
    result.Set("capacity", static_cast<double>(facts.capacity));
    result.Set("valueVersion", static_cast<double>(facts.value_version));
    result.Set("valueLength", static_cast<double>(facts.value_length));
    result.Set("owner", facts.owner);
    result.Set("heldMs", static_cast<double>(facts.held_ms));
    result.Set("ownerAlive", facts.owner_alive);
    result.Set("participants", participants(env, list, facts.listed));
  }
  delete[] list;
  return status < 0 ? to_number(info, status) : Napi::Value(env, result);
}

/* unlinkRegion(spec) -> 0 or a status */
Napi::Value unlink(const Napi::CallbackInfo &info) {
  Spec spec(info[0].As<Napi::Object>());
  return to_number(info, mipc_region_unlink(&spec.region, environment_of(info.Env())->report));
}

/* namesDirectory(parent?) -> the path of the directory of names, there or not, or a status */
Napi::Value names_directory(const Napi::CallbackInfo &info) {
  Text parent(info[0]);
  char path[MIPC_SHARED_PATH];
  int status = mipc_shared_directory_path(parent.get(), path);
  return status < 0 ? to_number(info, status) : Napi::String::New(info.Env(), path);
}

} // namespace

void region_exports(Napi::Env env, Napi::Object exports) {
  exports.Set("openRegion", Napi::Function::New<open_region>(env));
  exports.Set("regionHandle", Napi::Function::New<region_handle>(env));
  exports.Set("regionStale", Napi::Function::New<region_stale>(env));
  exports.Set("inspectRegion", Napi::Function::New<inspect>(env));
  exports.Set("unlinkRegion", Napi::Function::New<unlink>(env));
  exports.Set("namesDirectory", Napi::Function::New<names_directory>(env));
}
