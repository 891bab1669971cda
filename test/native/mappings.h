/*
 * Mappings for the C tests of shm/mapping.h: short specifications, and an open that must succeed.
 */
#ifndef MIPC_TEST_MAPPINGS_H
#define MIPC_TEST_MAPPINGS_H

#include "../../src/base/status.h"
#include "../../src/os/quarantine.h"
#include "../../src/shm/object.h"
#include "check.h"
#include "fixture.h"

#define READ MIPC_PROT_READ
#define BOTH (MIPC_PROT_READ | MIPC_PROT_WRITE)

/* SPEC("path", READ, .offset = 1) */
#define SPEC(name, access, ...)                                                                    \
  ((mipc_mapping_spec_t){.path = (name), .prot = (access), .mode = 0600, __VA_ARGS__})

/* The report of the last open. */
static mipc_report_t report;

/* Exits on failure: without a mapping there is nothing to test. */
static inline mipc_mapping_t *open_mapping(mipc_mapping_spec_t spec) {
  mipc_mapping_t *mapping = NULL;
  memset(&report, 0xA5, sizeof report);
  if (CHECK_EQ(mipc_mapping_open(&spec, &report, &mapping), 0) && CHECK(mapping)) return mapping;
  printf("cannot map %s, call %u\n", spec.path ? spec.path : "a descriptor", report.call);
  exit(1);
}

/* Closes it as its owner does if no window was ever made. */
static inline void close_mapping(mipc_mapping_t *mapping) {
  mipc_mapping_close(mapping, 0);
  mipc_mapping_put(mapping);
}

#endif
