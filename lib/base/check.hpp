// SPDX-License-Identifier: Apache-2.0
/// @file Programming errors. A failed MUSTER_CHECK prints the condition and its place and ends the process:
/// for what cannot happen unless Muster itself is wrong, never for input.
#pragma once

#include <cstdio>
#include <cstdlib>

#define MUSTER_CHECK(condition)                                                          \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)
