#pragma once

#include "remotemedia/base/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace remotemedia::test {

/// The error that `call` ends with; a failure of the test if there is none. Any other exception
/// fails the test by itself.
template <typename Failure, typename Call>
Failure refusal(Call call, Failure none) {
  try {
    call();
  } catch (const Failure& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was refused";
  return none;
}

template <typename Call>
ManifestError manifest_refusal(Call call) {
  return refusal(call, ManifestError("", "", -1));
}

template <typename Call>
NodeError node_failure(Call call) {
  return refusal(call, NodeError("", "", "", ""));
}

template <typename Call>
ConfigError misuse(Call call) {
  return refusal(call, ConfigError(""));
}

}  // namespace remotemedia::test
