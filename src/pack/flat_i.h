/*
 * The short way of flat templates, which are numbers of fixed size, and strings with a count: the
 * most used ones by far.
 *
 * Both give false where something is not as it should be, and have then done nothing that matters:
 * the engine's other way finds out what.
 */
#ifndef MIPC_PACK_FLAT_I_H
#define MIPC_PACK_FLAT_I_H

#include "pack.h"
#include "template_i.h"

/* There are as many values as the template takes, and there is room for its size. */
bool mipc_i_pack_flat(const mipc_template_t *program, const mipc_pack_values_t *values,
                      uint8_t *to);

/* There are as many bytes as the template takes, and there is room for all values, also as text. */
bool mipc_i_unpack_flat(const mipc_template_t *program, const uint8_t *from,
                        mipc_pack_values_t *values);

#endif
