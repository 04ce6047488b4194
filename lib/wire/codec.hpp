// SPDX-License-Identifier: Apache-2.0
/// @file Values to JSON and back, over fields(): decode.hpp and encode.hpp.
#pragma once

#include "wire/decode.hpp"
#include "wire/encode.hpp"
