/*
 * pack and unpack for JS. JS and C exchange values in memory that JS owns and C keeps a reference
 * to: the frame (pack/frame.h) and four arrays beside it, for values, their tags, strings, and
 * packed bytes. The calls have no arguments, because an argument costs more than a field of the
 * frame.
 *
 * A call that succeeds returns no number. A call that fails returns one: a positive index into
 * binding.packErrors, or a negative status.
 */
#include "values.h"

#include <new>

extern "C" {
#include "../base/status.h"
#include "../os/process.h"
#include "../pack/frame.h"
#include "../pack/pack.h"
}

namespace {

/* One for each loaded copy of lib/. Its functions refer to it; when the last of them is collected,
 * it is freed. */
struct Packer {
  static constexpr uint32_t PROGRAMS = 256;

  uint32_t refs;
  Environment *environment;
  mipc_pack_frame_t *frame;
  mipc_pack_slot_t *slots;
  uint8_t *tags, *text, *output;
  size_t slots_room, text_room, output_room;
  napi_ref memory; /* an array of the ArrayBuffers */
  mipc_template_t *programs[PROGRAMS];
};

void packer_put(napi_env env, Packer *packer) {
  if (--packer->refs) return;
  for (mipc_template_t *program : packer->programs)
    mipc_template_free(program);
  drop(env, &packer->memory);
  environment_put(packer->environment);
  delete packer;
}

Packer *packer_of(const Call &call) {
  return static_cast<Packer *>(call.data);
}

napi_value result(napi_env env, int64_t number) {
  return number == 0 ? nullptr : to_number(env, number);
}

int fail(Packer *packer, mipc_pack_error_t error, const mipc_pack_failure_t &failure) {
  packer->frame->letter = failure.letter;
  packer->frame->number = static_cast<double>(failure.number);
  return error;
}

const mipc_template_t *program_of(const Packer *packer) {
  return packer->programs[packer->frame->program % Packer::PROGRAMS];
}

/* Packs the values of the frame into the output. */
int pack_output(Packer *packer) {
  mipc_pack_frame_t *frame = packer->frame;
  mipc_pack_values_t values = {packer->slots, packer->tags,     frame->count,
                               packer->text,  frame->text_size, frame->numbers != 0};
  mipc_pack_failure_t failure = {};
  size_t size = 0;
  mipc_pack_error_t error =
      mipc_pack(program_of(packer), &values, packer->output, packer->output_room, &size, &failure);
  frame->size = static_cast<double>(size);
  return error == MIPC_PACK_OK ? 0 : fail(packer, error, failure);
}

/* Returns all strings of the values as one string: slices in JS cost less than a call for each. */
napi_value unpack_from(napi_env env, Packer *packer, const uint8_t *from, size_t size) {
  mipc_pack_frame_t *frame = packer->frame;
  mipc_pack_values_t values = {packer->slots, packer->tags,      packer->slots_room,
                               packer->text,  packer->text_room, true};
  mipc_pack_failure_t failure = {};
  mipc_pack_error_t error = mipc_unpack(
      program_of(packer), from, size, static_cast<mipc_bigint_t>(frame->bigint), &values, &failure);
  frame->count = static_cast<uint32_t>(values.count);
  frame->numbers = values.numbers;
  if (error != MIPC_PACK_OK) return result(env, fail(packer, error, failure));
  if (values.text_size == 0) return nullptr;
  napi_value text = nullptr;
  napi_status status = napi_create_string_latin1(env, reinterpret_cast<const char *>(values.text),
                                                 values.text_size, &text);
  return status == napi_ok ? text : nullptr;
}

mipc_mapping_t *mapping_of(const Packer *packer) {
  mipc_object_t *object = find(packer->environment, packer->frame->handle);
  return object ? object->mapping : nullptr;
}

/* pack(): packs frame.size bytes into the output -> nothing, or a number */
napi_value pack(const Call &call) {
  return result(call.env, pack_output(packer_of(call)));
}

/* packInto(): as pack(), and copies frame.written of the bytes into the mapping -> nothing, or a
 * number */
napi_value pack_into(const Call &call) {
  Packer *packer = packer_of(call);
  int error = pack_output(packer);
  if (error) return result(call.env, error);
  mipc_pack_frame_t *frame = packer->frame;
  mipc_mapping_t *mapping = mapping_of(packer);
  int64_t written = mapping ? mipc_mapping_write(mapping, whole(frame->offset), packer->output,
                                                 whole(frame->size))
                            : static_cast<int64_t>(MIPC_E_CLOSED);
  if (written < 0) return result(call.env, written);
  frame->written = static_cast<double>(written);
  return nullptr;
}

/* unpackFrom(): unpacks frame.count values from the mapping -> their text, or nothing if they have
 * none; or a number */
napi_value unpack_mapping(const Call &call) {
  Packer *packer = packer_of(call);
  mipc_mapping_t *mapping = mapping_of(packer);
  if (!mapping) return result(call.env, MIPC_E_CLOSED);
  const uint8_t *from = nullptr;
  int64_t size =
      mipc_mapping_look(mapping, whole(packer->frame->offset), whole(packer->frame->length), &from);
  if (size < 0) return result(call.env, size);
  return unpack_from(call.env, packer, from, static_cast<size_t>(size));
}

/* unpack(bytes: Uint8Array) -> as unpackFrom(), from an array */
napi_value unpack(const Call &call) {
  size_t size = 0;
  void *from = nullptr;
  napi_status status =
      napi_get_typedarray_info(call.env, call.at[0], nullptr, &size, &from, nullptr, nullptr);
  if (status != napi_ok) return result(call.env, MIPC_E_RANGE);
  static const uint8_t none = 0; /* an empty array may have no address */
  return unpack_from(call.env, packer_of(call), from ? static_cast<uint8_t *>(from) : &none, size);
}

/* compile(index, text: Uint8Array, unpack: boolean): replaces the program at `index` -> 0, or a
 * number */
napi_value compile(const Call &call) {
  Packer *packer = packer_of(call);
  size_t size = 0;
  void *text = nullptr;
  napi_status status =
      napi_get_typedarray_info(call.env, call.at[1], nullptr, &size, &text, nullptr, nullptr);
  if (status != napi_ok) return to_number(call.env, MIPC_E_RANGE);
  mipc_template_t *program = nullptr;
  mipc_pack_failure_t failure = {};
  mipc_pack_error_t error = mipc_template_compile(
      static_cast<const uint8_t *>(text), size,
      call.flag(2) ? MIPC_DIRECTION_UNPACK : MIPC_DIRECTION_PACK, &program, &failure);
  if (error != MIPC_PACK_OK) return to_number(call.env, fail(packer, error, failure));
  mipc_template_t **slot = &packer->programs[call.u32(0) % Packer::PROGRAMS];
  mipc_template_free(*slot);
  *slot = program;
  return to_number(call.env, 0);
}

/* fields(index) -> [kind, count, size, ...] of a flat program, where a kind is one of
 * MIPC_STORE_MAP or the letter of a string; [] of any other program */
napi_value fields(const Call &call) {
  const mipc_template_t *program = packer_of(call)->programs[call.u32(0) % Packer::PROGRAMS];
  List list(call.env);
  mipc_flat_field_t field;
  for (uint32_t i = 0; program && mipc_template_flat(program, i, &field); i++) {
    list.number(field.kind);
    list.number(field.count);
    list.number(static_cast<double>(field.size));
  }
  return list.get();
}

/* The address and size of the i-th ArrayBuffer of an array. */
bool buffer_at(napi_env env, napi_value list, uint32_t i, void **ret_bytes, size_t *ret_size) {
  napi_value buffer = nullptr;
  return napi_get_element(env, list, i, &buffer) == napi_ok &&
         napi_get_arraybuffer_info(env, buffer, ret_bytes, ret_size) == napi_ok && *ret_bytes;
}

/* Replaces the memory that C works on by [frame, slots, tags, text, output], an ArrayBuffer[]. User
 * code has no reference to them, so they are never detached. On failure the previous ones stay. */
bool set_memory(napi_env env, Packer *packer, napi_value buffers) {
  void *data[5];
  size_t room[5];
  napi_ref memory = nullptr;
  for (uint32_t i = 0; i < 5; i++) {
    if (!buffer_at(env, buffers, i, &data[i], &room[i])) return false;
  }
  if (room[0] < sizeof(mipc_pack_frame_t)) return false;
  if (napi_create_reference(env, buffers, 1, &memory) != napi_ok) return false;
  drop(env, &packer->memory);
  packer->memory = memory;
  packer->frame = static_cast<mipc_pack_frame_t *>(data[0]);
  packer->slots = static_cast<mipc_pack_slot_t *>(data[1]);
  packer->tags = static_cast<uint8_t *>(data[2]);
  packer->text = static_cast<uint8_t *>(data[3]);
  packer->output = static_cast<uint8_t *>(data[4]);
  packer->slots_room = room[2];
  packer->text_room = room[3];
  packer->output_room = room[4];
  return true;
}

/* memory([frame, slots, tags, text, output]): replaces the memory -> 0 or a status */
napi_value memory(const Call &call) {
  bool done = set_memory(call.env, packer_of(call), call.at[0]);
  return to_number(call.env, done ? MIPC_OK : MIPC_E_RANGE);
}

void function_finalize(napi_env env, void *packer, void *) {
  packer_put(env, static_cast<Packer *>(packer));
}

/* Adds a function that keeps the packer until it is collected. */
bool add(napi_env env, Object &functions, const Export &each, Packer *packer) {
  napi_value made = functions.function(each.name, each.callback, packer);
  if (!made) return false;
  packer->refs++;
  if (napi_add_finalizer(env, made, packer, function_finalize, nullptr, nullptr) == napi_ok) {
    return true;
  }
  packer->refs--;
  return false;
}

/* packer([frame, slots, tags, text, output]) -> { pack, packInto, unpack, unpackFrom, compile,
 * fields, memory }, which share these arrays and a set of programs; or a status */
napi_value make_packer(const Call &call) {
  static const Export list[] = {
      {"pack", entry<pack, 0>},       {"packInto", entry<pack_into, 0>},
      {"unpack", entry<unpack, 1>},   {"unpackFrom", entry<unpack_mapping, 0>},
      {"compile", entry<compile, 3>}, {"fields", entry<fields, 1>},
      {"memory", entry<memory, 1>},
  };
  Packer *packer = new (std::nothrow) Packer();
  if (!packer) return to_number(call.env, mipc_no_memory());
  packer->refs = 1;
  packer->environment = call.environment();
  packer->environment->refs++;
  Object functions(call.env);
  bool done = set_memory(call.env, packer, call.at[0]);
  for (const Export &each : list)
    done = done && add(call.env, functions, each, packer);
  packer_put(call.env, packer);
  return done ? functions.get() : to_number(call.env, mipc_no_memory());
}

} // namespace

void pack_exports(Environment *environment, Object &exports) {
  static const Export list[] = {{"packer", entry<make_packer, 1>}};
  add_functions(exports, environment, list);
  exports.number("packPrograms", Packer::PROGRAMS);
}
