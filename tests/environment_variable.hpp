// SPDX-License-Identifier: BSD-3-Clause
// An environment variable with another value, or none, for a while.
#pragma once
#include <cstdlib>
#include <optional>
#include <string>

namespace tessera::testing {

class EnvironmentVariable {
 public:
  /// `value`: null = none.
  EnvironmentVariable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    set(value);
  }
  EnvironmentVariable(const EnvironmentVariable&) = delete;
  EnvironmentVariable& operator=(const EnvironmentVariable&) = delete;
  ~EnvironmentVariable() { set(old_ ? old_->c_str() : nullptr); }

 private:
  void set(const char* value) { value ? ::setenv(name_, value, 1) : ::unsetenv(name_); }
  const char* name_;
  std::optional<std::string> old_;
};

}  // namespace tessera::testing
