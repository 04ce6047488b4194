// SPDX-License-Identifier: Apache-2.0
/// @file Opens the sockets a server listens on, TCP and Unix, and accepts from them, with messages that
/// say what is wrong and where.
/// Not thread-safe.
#pragma once

#include "base/result.hpp"
#include "http/message.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace muster::http {

class ListeningSocket {
 public:
  /// `address` as in Listener. Errors: invalid_argument (not an address, path too long), unavailable.
  static Result<ListeningSocket> open(const std::string& address);

  ListeningSocket(ListeningSocket&& other) noexcept;
  ListeningSocket& operator=(ListeningSocket&& other) = delete;
  ~ListeningSocket();

  struct Accepted {
    int descriptor = -1;  ///< Non-blocking; -1: see error_number.
    int error_number = 0;
    Peer peer;
  };
  [[nodiscard]] Accepted accept() const;

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] const std::string& address() const { return address_; }  ///< As bound, with the real port.
  [[nodiscard]] bool is_unix() const { return !unix_path_.empty(); }
  /// Stops listening; a Unix socket's file goes too.
  void close();

 private:
  ListeningSocket(int descriptor, std::string address, std::string unix_path)
      : descriptor_(descriptor), address_(std::move(address)), unix_path_(std::move(unix_path)) {}
  static Result<ListeningSocket> open_unix(const std::string& address, const std::string& path);
  static Result<ListeningSocket> open_tcp(const std::string& address);

  int descriptor_;
  std::string address_;
  std::string unix_path_;
  std::uint64_t unix_inode_ = 0;  ///< Of the file we made.
};

}  // namespace muster::http
