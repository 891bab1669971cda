/*
 * The fast path for flat templates: numbers of fixed size, and strings with a count. These are by
 * far the most frequent templates.
 *
 * Both functions return false if a value needs the engine or is wrong. What they have written until
 * then does not matter: the engine starts again, and reports the error if there is one.
 */
#ifndef MIPC_PACK_FLAT_I_H
#define MIPC_PACK_FLAT_I_H

#include "pack.h"
#include "template_i.h"

/* Checked by the caller: the number of values is the template's; `to` has room for its size. */
bool mipc_i_pack_flat(const mipc_template_t *program, const mipc_pack_values_t *values,
                      uint8_t *to);

/* Checked by the caller: `from` has the size of the template, and `values` has room for all of its
 * values and text. */
bool mipc_i_unpack_flat(const mipc_template_t *program, const uint8_t *from,
                        mipc_pack_values_t *values);

#endif
