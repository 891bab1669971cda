/*
 * Regions for JS: opening, which attaches and maps the payload; inspection from outside; removal.
 * A specification is one plain object with the names of mipc_region_spec_t.
 */
#include "values.h"

#include <cstring>
#include <new>

extern "C" {
#include "../base/status.h"
#include "../os/process.h"
#include "../os/shared_file.h"
#include "../region/region.h"
#include "../shm/inspect.h"
#include "../shm/mapping.h"
}

namespace {

/* The fields of an object of JS. If one of them cannot be read, the others must not be used: a name
 * without its directory would lead to another region. */
class Fields {
public:
  Fields(napi_env env, napi_value object) : env(env), object(object) {}

  napi_value get(const char *name) {
    napi_value value = nullptr;
    if (napi_get_named_property(env, object, name, &value) == napi_ok) return value;
    failed = true;
    return nullptr;
  }
  uint64_t u64(const char *name) {
    return whole(to_double(env, get(name)));
  }
  uint32_t u32(const char *name) {
    return static_cast<uint32_t>(u64(name));
  }
  bool flag(const char *name) {
    bool flag = false;
    napi_get_value_bool(env, get(name), &flag);
    return flag;
  }
  /* Of a Uint32Array; anything else leaves the words as they are. */
  void words(const char *name, uint32_t *to, size_t count) {
    napi_typedarray_type type;
    size_t length = 0;
    void *from = nullptr;
    napi_value value = get(name);
    bool is_array = false;
    if (!value || napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array) return;
    if (napi_get_typedarray_info(env, value, &type, &length, &from, nullptr, nullptr) != napi_ok) {
      failed = true;
    } else if (type == napi_uint32_array && length == count) {
      std::memcpy(to, from, count * sizeof *to);
    }
  }
  bool has_failed() const {
    return failed;
  }

private:
  napi_env env;
  napi_value object;
  bool failed = false;
};

/* A specification, and the texts that it points to. */
struct Spec {
  Spec(napi_env env, napi_value object)
      : given(env, object), where(env, given.get("where")), inherited(env, given.get("inherited")),
        directory(env, given.get("directory")), label(env, given.get("label")) {
    region.place = static_cast<mipc_place_t>(given.u32("place"));
    region.where = where.get();
    region.inherited = inherited.get();
    region.directory = directory.get();
    region.size = given.u64("size");
    region.capacity = given.u64("capacity");
    region.kind = given.u32("kind");
    region.codec = given.u32("codecNumber");
    given.words("kindWords", region.kind_words.at, MIPC_REGION_KIND_WORDS);
    region.create = static_cast<mipc_create_t>(given.u32("create"));
    region.mode = given.u32("mode");
    region.wait_ms = given.u32("wait");
    region.read_only = given.flag("attachReadOnly");
    region.any_filesystem = given.flag("anyFilesystem");
    region.guard = given.flag("guard");
    region.accept_unclean = given.flag("acceptUnclean");
    region.must_inherit = given.flag("mustInherit");
  }
  bool has_failed() const {
    return given.has_failed() || where.has_failed() || inherited.has_failed() ||
           directory.has_failed() || label.has_failed();
  }
  Fields given;
  Text where, inherited, directory, label;
  mipc_region_spec_t region = {};
};

/* openRegion(owner, spec) -> handle of a mapping of the payload, or status; binding.report has the
 * details. `spec` also has `prot`, `copyOnWrite`, `protect` and `withHeader` of the mapping. */
napi_value open_region(const Call &call) {
  mipc_report_t *report = call.environment()->report;
  Spec spec(call.env, call.at[1]);
  mipc_mapping_spec_t wanted = {};
  wanted.prot = spec.given.u32("prot");
  wanted.copy_on_write = spec.given.flag("copyOnWrite");
  wanted.protect = spec.given.flag("protect");
  wanted.with_header = spec.given.flag("withHeader");
  if (spec.has_failed()) return to_number(call.env, mipc_no_memory());
  int status = mipc_region_open(&spec.region, report, &wanted.region);
  if (status < 0) return to_number(call.env, status);
  wanted.guard = spec.region.guard && !mipc_region_sealed(wanted.region);
  mipc_report_t found = *report;
  mipc_mapping_t *mapping = nullptr;
  status = mipc_mapping_open(&wanted, report, &mapping);
  if (status < 0) {
    mipc_region_put(wanted.region);
    return to_number(call.env, status);
  }
  report->capacity = found.capacity;
  report->version = found.version;
  report->region_kind = found.region_kind;
  report->codec = found.codec;
  report->number = found.number;
  report->made = found.made;
  report->device = found.device;
  report->inode = found.inode;
  return own_mapping(call, mapping, &spec.label);
}

mipc_region_t *region_of(const Call &call) {
  mipc_mapping_t *mapping = call.mapping();
  return mapping ? mipc_mapping_region(mapping) : nullptr;
}

/* regionHandle(handle) -> text, or a status */
napi_value region_handle(const Call &call) {
  const mipc_region_t *region = region_of(call);
  if (!region) return to_number(call.env, MIPC_E_CLOSED);
  char text[MIPC_HANDLE_SIZE];
  int status = mipc_region_handle(region, text);
  return status < 0 ? to_number(call.env, status) : to_text(call.env, text);
}

/* regionWhereabouts(handle) -> mipc_whereabouts_t; 0 for an object without a region */
napi_value whereabouts(const Call &call) {
  const mipc_region_t *region = region_of(call);
  return to_number(call.env, region ? mipc_region_whereabouts(region) : MIPC_WHEREABOUTS_IN_PLACE);
}

/* regionShown(handle): notes that the user has read the region's handle, so that other processes
 * may know it -> 0 or a status */
napi_value region_shown(const Call &call) {
  mipc_region_t *region = region_of(call);
  if (region) mipc_region_show(region);
  return to_number(call.env, region ? MIPC_OK : MIPC_E_CLOSED);
}

/* regionKept(name) -> whether this process keeps a region that it inherited, or lets child
 * processes inherit, as `name`, and whose object was collected */
napi_value region_kept(const Call &call) {
  Text name(call.env, call.at[0]);
  napi_value result = nullptr;
  bool is_kept = name.get() && !name.has_failed() && mipc_region_is_kept(name.get());
  return napi_get_boolean(call.env, is_kept, &result) == napi_ok ? result : nullptr;
}

napi_value participants(napi_env env, const mipc_participant_t *list, uint32_t count) {
  List array(env);
  for (uint32_t i = 0; i < count; i++) {
    Object entry(env);
    entry.number("number", list[i].number);
    entry.number("pid", list[i].pid);
    entry.number("thread", list[i].thread);
    entry.number("pidNamespace", list[i].pid_namespace);
    entry.number("since", list[i].since);
    entry.number("waiting", list[i].waiting);
    entry.flag("alive", list[i].alive);
    array.push(entry.get());
  }
  return array.get();
}

/* The 128 bits of an id as two bigints. */
napi_value id_of(napi_env env, const uint64_t id[2]) {
  List list(env);
  for (int i = 0; i < 2; i++) {
    napi_value half = nullptr;
    list.push(napi_create_bigint_uint64(env, id[i], &half) == napi_ok ? half : nullptr);
  }
  return list.get();
}

/* Of a SharedMap; undefined for other kinds. */
napi_value map_facts(napi_env env, const mipc_inspection_t &found) {
  const mipc_map_facts_t &facts = found.map.facts;
  napi_value none = nullptr;
  if (!found.has_map) return napi_get_undefined(env, &none) == napi_ok ? none : nullptr;
  List holders(env);
  for (uint32_t i = 0; i < found.map.holder_count; i++) {
    const mipc_map_holder_t &holder = found.map.holders[i];
    Object entry(env);
    entry.number("stripe", holder.stripe);
    entry.number("number", holder.owner);
    entry.flag("alive", holder.alive);
    holders.push(entry.get());
  }
  Object result(env);
  result.number("entries", static_cast<double>(facts.entries));
  result.number("capacity", static_cast<double>(facts.capacity));
  result.number("used", static_cast<double>(facts.used));
  result.number("evictions", static_cast<double>(facts.evicted));
  result.number("expirations", static_cast<double>(facts.expired));
  result.number("moves", static_cast<double>(facts.moved));
  result.number("stripes", facts.stripes);
  result.number("buckets", facts.buckets);
  result.number("writers", facts.records);
  result.flag("evicts", found.map.evicts);
  result.set("holders", holders.get());
  return result.get();
}

napi_value facts_of(napi_env env, const mipc_inspection_t &found, const mipc_participant_t *list) {
  const mipc_region_facts_t &facts = found.region;
  Object result(env);
  result.number("state", facts.state);
  result.set("id", id_of(env, facts.id));
  result.number("size", static_cast<double>(facts.size));
  result.number("version", facts.version);
  result.number("kind", facts.kind);
  result.number("writers", facts.writers);
  result.number("readers", facts.readers);
  result.number("dead", facts.dead);
  result.number("capacity", static_cast<double>(found.capacity));
  result.number("valueVersion", static_cast<double>(found.value_version));
  result.number("valueLength", static_cast<double>(found.value_length));
  result.number("owner", found.owner);
  result.number("heldMs", static_cast<double>(found.held_ms));
  result.flag("ownerAlive", found.owner_alive);
  result.set("map", map_facts(env, found));
  result.set("participants", participants(env, list, facts.listed));
  return result.get();
}

/* inspectRegion(spec) -> the facts of mipc_inspection_t and the list of participants, or a status
 */
napi_value inspect(const Call &call) {
  Spec spec(call.env, call.at[0]);
  mipc_participant_t *list = new (std::nothrow) mipc_participant_t[MIPC_PARTICIPANTS];
  if (!list || spec.has_failed()) {
    delete[] list;
    return to_number(call.env, mipc_no_memory());
  }
  mipc_inspection_t found = {};
  int status =
      mipc_inspect(&spec.region, call.environment()->report, &found, list, MIPC_PARTICIPANTS);
  napi_value result = status < 0 ? to_number(call.env, status) : facts_of(call.env, found, list);
  delete[] list;
  return result;
}

/* unlinkRegion(spec) -> 0 or a status */
napi_value unlink(const Call &call) {
  Spec spec(call.env, call.at[0]);
  if (spec.has_failed()) return to_number(call.env, mipc_no_memory());
  return to_number(call.env, mipc_region_unlink(&spec.region, call.environment()->report));
}

/* namesDirectory(parent?) -> path of the directory of names, which may not exist yet; or a status
 */
napi_value names_directory(const Call &call) {
  Text parent(call.env, call.at[0]);
  char path[MIPC_SHARED_PATH];
  if (parent.has_failed()) return to_number(call.env, mipc_no_memory());
  int status = mipc_shared_directory_path(parent.get(), path);
  return status < 0 ? to_number(call.env, status) : to_text(call.env, path);
}

} // namespace

void region_exports(Environment *environment, Object &exports) {
  static const Export list[] = {
      {"openRegion", entry<open_region, 2>},        {"regionHandle", entry<region_handle, 1>},
      {"regionShown", entry<region_shown, 1>},      {"regionKept", entry<region_kept, 1>},
      {"regionWhereabouts", entry<whereabouts, 1>}, {"inspectRegion", entry<inspect, 1>},
      {"unlinkRegion", entry<unlink, 1>},           {"namesDirectory", entry<names_directory, 1>},
  };
  add_functions(exports, environment, list);
}
