#include "remote/line_writer.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

namespace microstage::remote {

LineWriter::LineWriter(int descriptor, std::function<void()> broken)
    : descriptor_(descriptor), broken_(std::move(broken)) {
  ::fcntl(descriptor_, F_SETFL, ::fcntl(descriptor_, F_GETFL) | O_NONBLOCK);
  thread_ = std::thread([this] { run(); });
}

LineWriter::~LineWriter() {
  close(std::chrono::milliseconds{0});
}

void LineWriter::send(const std::string& line) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    queued_ += line;
    queued_ += '\n';
  }
  changed_.notify_one();
}

void LineWriter::close(std::chrono::milliseconds patience) {
  if (!thread_.joinable()) return;
  {
    std::unique_lock lock(mutex_);
    closed_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, patience, [&] { return finished_; });
    abandoned_ = true;
  }
  thread_.join();
}

void LineWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return closed_ || !queued_.empty(); });
    if (queued_.empty()) break;
    const std::string batch = std::exchange(queued_, {});
    lock.unlock();
    const bool written = write_all(batch);
    if (!written) broken_();
    lock.lock();
    if (written) continue;
    closed_ = true;
    queued_.clear();
  }
  finished_ = true;
  changed_.notify_all();
}

bool LineWriter::wait_until_writable() const {
  constexpr int kLookAgainAfter = 50;  // milliseconds
  while (!abandoned_) {
    pollfd polled{descriptor_, POLLOUT, 0};
    if (::poll(&polled, 1, kLookAgainAfter) > 0) return true;
  }
  return false;
}

bool LineWriter::write_all(const std::string& bytes) const {
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const ssize_t count = ::write(descriptor_, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN && wait_until_writable()) continue;
    if (count <= 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace microstage::remote
