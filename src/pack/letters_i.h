/*
 * The letters of the template language: which exist, which modifiers they take, and the format of
 * their numbers. The sizes of s! i! l! are those of C on this platform; j has 64 bits, as in every
 * current perl.
 */
#ifndef MIPC_PACK_LETTERS_I_H
#define MIPC_PACK_LETTERS_I_H

#include <stdbool.h>
#include <stdint.h>

#include "template_i.h"

/* Whether the byte is a letter; '(' and '%' are, '/' and ',' are not. */
bool mipc_i_is_letter(uint8_t letter);

/* Whether ! may follow, and whether < and > may. */
bool mipc_i_takes_shriek(uint8_t letter);
bool mipc_i_takes_order(uint8_t letter);

/* The format of one number of this letter. `big`, `little`: the byte order given by > or <. NONE:
 * the letter is not for numbers of fixed size. */
mipc_i_store_t mipc_i_store_of(uint8_t letter, bool shriek, bool big, bool little);

/* Bytes of one number; 0 for NONE. */
uint8_t mipc_i_store_size(mipc_i_store_t store);

/* The size that a letter without numbers of fixed size has in the count [template]. */
int64_t mipc_i_measured_size(uint8_t letter);

#endif
