// SPDX-License-Identifier: BSD-3-Clause
// What the library throws. It never prints and never exits; every text says what, where, expected,
// got.
#pragma once
#include <stdexcept>
#include <string>

namespace tessera {

/// Base of everything the library throws.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// A tensor, image or network input has the wrong shape.
struct ShapeError : Error {
  using Error::Error;
};
/// A file cannot be read or written, or its content is not what its format promises.
struct FileError : Error {
  using Error::Error;
};
/// A call's argument is out of range, or a name is unknown.
struct ArgumentError : Error {
  using Error::Error;
};
/// A device is missing or failed.
struct DeviceError : Error {
  using Error::Error;
};

}  // namespace tessera
