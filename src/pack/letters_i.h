/*
 * The letters of the template language: which there are, what they take, how their numbers lie in
 * the bytes. Sizes of s! i! l! and j are this platform's C's (j: 64 bits, as in any perl of today).
 */
#ifndef MIPC_PACK_LETTERS_I_H
#define MIPC_PACK_LETTERS_I_H

#include <stdbool.h>
#include <stdint.h>

#include "template_i.h"

/* '(' and '%' count as letters; '/' and ',' do not. */
bool mipc_i_is_letter(uint8_t letter);

/* Whether ! may follow, and whether < and > may. */
bool mipc_i_takes_shriek(uint8_t letter);
bool mipc_i_takes_order(uint8_t letter);

/* How one number of this letter lies in the bytes; NONE where that is no number of fixed size. */
mipc_i_store_t mipc_i_store_of(uint8_t letter, bool shriek, bool big, bool little);

uint8_t mipc_i_store_size(mipc_i_store_t store);

/* What [template] counts for one of a letter that is no number of fixed size. */
int64_t mipc_i_measured_size(uint8_t letter);

#endif
