/*
 * pack and unpack for JS. What goes between them lies in memory that JS owns and C keeps a
 * reference to: the frame (pack/frame.h) and four arrays beside it, for values, their tags,
 * strings, and packed bytes. The calls have no arguments: each would cost more than the field of
 * the frame.
 *
 * A call returns no number when it worked; else a number: positive, one of binding.packErrors, or
 * negative, a status.
 */
#include "values.h"

#include <new>

extern "C" {
#include "../base/status.h"
#include "../pack/frame.h"
#include "../pack/pack.h"
}

struct Packer {
  static constexpr uint32_t PROGRAMS = 256;

  Environment *environment;
  mipc_pack_frame_t *frame;
  mipc_pack_slot_t *slots;
  uint8_t *tags, *text, *output;
  size_t slots_room, text_room, output_room;
  Napi::ObjectReference memory; /* an array of the ArrayBuffers */
  mipc_template_t *programs[PROGRAMS];
};

void packer_free(Packer *packer) {
  if (!packer) return;
  for (mipc_template_t *program : packer->programs)
    mipc_template_free(program);
  delete packer;
}

namespace {

Packer *packer_of(napi_env env, napi_callback_info info) {
  void *data = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data);
  return static_cast<Packer *>(data);
}

/* A field of the frame; lib/ puts in what is not negative. */
inline uint64_t whole(double number) {
  return static_cast<uint64_t>(static_cast<int64_t>(number));
}

napi_value result(napi_env env, int64_t number) {
  napi_value value = nullptr;
  if (number != 0) napi_create_int64(env, number, &value);
  return value;
}

int fail(Packer *packer, mipc_pack_error_t error, const mipc_pack_failure_t &failure) {
  packer->frame->letter = failure.letter;
  packer->frame->number = static_cast<double>(failure.number);
  return error;
}

const mipc_template_t *program_of(const Packer *packer) {
  return packer->programs[packer->frame->program % Packer::PROGRAMS];
}

/* The values of the frame packed into the output. */
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

/* All the strings of the values as one: JS cuts them out of it for less than a call each. */
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
  napi_create_string_latin1(env, reinterpret_cast<const char *>(values.text), values.text_size,
                            &text);
  return text;
}

mipc_mapping_t *mapping_of(Packer *packer) {
  uint32_t handle = packer->frame->handle;
  return static_cast<mipc_mapping_t *>(mipc_slots_get(&packer->environment->mappings, handle));
}

/* pack(): frame.size bytes in the output */
napi_value pack(napi_env env, napi_callback_info info) {
  return result(env, pack_output(packer_of(env, info)));
}

/* packInto(): and copied into the mapping, frame.written of them */
napi_value pack_into(napi_env env, napi_callback_info info) {
  Packer *packer = packer_of(env, info);
  int error = pack_output(packer);
  if (error) return result(env, error);
  mipc_pack_frame_t *frame = packer->frame;
  mipc_mapping_t *mapping = mapping_of(packer);
  int64_t written = mapping ? mipc_mapping_write(mapping, whole(frame->offset), packer->output,
                                                 whole(frame->size))
                            : static_cast<int64_t>(MIPC_E_CLOSED);
  if (written < 0) return result(env, written);
  frame->written = static_cast<double>(written);
  return nullptr;
}

/* unpackFrom(): frame.count values from the mapping -> their text, or nothing when they have none
 */
napi_value unpack_mapping(napi_env env, napi_callback_info info) {
  Packer *packer = packer_of(env, info);
  mipc_mapping_t *mapping = mapping_of(packer);
  if (!mapping) return result(env, MIPC_E_CLOSED);
  const uint8_t *from = nullptr;
  int64_t size =
      mipc_mapping_look(mapping, whole(packer->frame->offset), whole(packer->frame->length), &from);
  if (size < 0) return result(env, size);
  return unpack_from(env, packer, from, static_cast<size_t>(size));
}

/* unpack(bytes: Uint8Array): the same from an array */
napi_value unpack(napi_env env, napi_callback_info info) {
  size_t count = 1, size = 0;
  napi_value bytes = nullptr;
  void *data = nullptr, *from = nullptr;
  napi_get_cb_info(env, info, &count, &bytes, nullptr, &data);
  if (napi_get_typedarray_info(env, bytes, nullptr, &size, &from, nullptr, nullptr) != napi_ok) {
    return result(env, MIPC_E_RANGE);
  }
  static const uint8_t none = 0; /* an empty array may have no address */
  return unpack_from(env, static_cast<Packer *>(data), from ? static_cast<uint8_t *>(from) : &none,
                     size);
}

Packer *packer_of(const Napi::CallbackInfo &info) {
  return static_cast<Packer *>(info.Data());
}

/* packCompile(index, text: Uint8Array, unpack: boolean): puts the program there, and frees what was
 */
Napi::Value compile(const Napi::CallbackInfo &info) {
  Packer *packer = packer_of(info);
  Napi::Uint8Array text = info[1].As<Napi::Uint8Array>();
  mipc_template_t *program = nullptr;
  mipc_pack_failure_t failure = {};
  mipc_pack_error_t error = mipc_template_compile(
      text.Data(), text.ByteLength(),
      to_bool(info[2]) ? MIPC_DIRECTION_UNPACK : MIPC_DIRECTION_PACK, &program, &failure);
  if (error != MIPC_PACK_OK) return to_number(info, fail(packer, error, failure));
  mipc_template_t **place = &packer->programs[to_u32(info[0]) % Packer::PROGRAMS];
  mipc_template_free(*place);
  *place = program;
  return to_number(info, 0);
}

/* packFields(index) -> [kind, count, size, ...] of a flat program, a kind being a mipc_i_store_t or
 * the letter of a string; [] of another */
Napi::Value fields(const Napi::CallbackInfo &info) {
  Packer *packer = packer_of(info);
  const mipc_template_t *program = packer->programs[to_u32(info[0]) % Packer::PROGRAMS];
  Napi::Array list = Napi::Array::New(info.Env());
  mipc_flat_field_t field;
  for (uint32_t i = 0; program && mipc_template_flat(program, i, &field); i++) {
    list.Set(3 * i, field.kind);
    list.Set(3 * i + 1, field.count);
    list.Set(3 * i + 2, field.size);
  }
  return list;
}

/* packMemory([frame, slots, tags, text, output]: ArrayBuffer[]): C works on these from now on.
 * Nobody else has them, so they are never detached. */
Napi::Value memory(const Napi::CallbackInfo &info) {
  Packer *packer = packer_of(info);
  Napi::Array buffers = info[0].As<Napi::Array>();
  uint8_t *data[5];
  size_t room[5];
  for (uint32_t i = 0; i < 5; i++) {
    Napi::ArrayBuffer buffer = buffers.Get(i).As<Napi::ArrayBuffer>();
    data[i] = static_cast<uint8_t *>(buffer.Data());
    room[i] = buffer.ByteLength();
  }
  packer->frame = reinterpret_cast<mipc_pack_frame_t *>(data[0]);
  packer->slots = reinterpret_cast<mipc_pack_slot_t *>(data[1]);
  packer->tags = data[2];
  packer->text = data[3];
  packer->output = data[4];
  packer->slots_room = room[2];
  packer->text_room = room[3];
  packer->output_room = room[4];
  packer->memory = Napi::Persistent(buffers.As<Napi::Object>());
  return to_number(info, 0);
}

void set(Napi::Object exports, const char *name, napi_callback callback, Packer *packer) {
  napi_value function = nullptr;
  napi_create_function(exports.Env(), name, NAPI_AUTO_LENGTH, callback, packer, &function);
  napi_set_named_property(exports.Env(), exports, name, function);
}

} // namespace

void pack_exports(Napi::Env env, Napi::Object exports) {
  Environment *environment = environment_of(env);
  Packer *packer = new (std::nothrow) Packer();
  if (!packer) return;
  packer->environment = environment;
  environment->packer = packer;
  set(exports, "pack", pack, packer);
  set(exports, "packInto", pack_into, packer);
  set(exports, "unpack", unpack, packer);
  set(exports, "unpackFrom", unpack_mapping, packer);
  exports.Set("packCompile", Napi::Function::New<compile>(env, "packCompile", packer));
  exports.Set("packFields", Napi::Function::New<fields>(env, "packFields", packer));
  exports.Set("packMemory", Napi::Function::New<memory>(env, "packMemory", packer));
  exports.Set("packPrograms", Packer::PROGRAMS);
}
