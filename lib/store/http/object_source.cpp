#include "lib/store/http/object_source.h"

#include <algorithm>
#include <vector>

namespace microstage::store::http {

ObjectSource::ObjectSource(std::shared_ptr<Client> client, Place place, std::unique_ptr<Exchange> body)
    : client_(std::move(client)), place_(std::move(place)), body_(std::move(body)) {}

Status ObjectSource::changed() const {
  return fail(ErrorKind::source_changed, place_.name + " changed on the server while it was read");
}

// The server ignored the range, or If-Range told it that the object is another one.
Status ObjectSource::check_whole(const Response& response) const {
  const ResponseHead& head = response.head;
  if (head.length && *head.length != place_.total) return changed();
  if (!place_.validator.empty() && !head.validator.empty() && head.validator != place_.validator)
    return changed();
  if (!place_.must_range) return {};
  return fail(ErrorKind::unsupported,
              place_.name +
                  ": the server cannot give parts of a file (Range), which reading from an archive "
                  "needs; ask who runs it");
}

Status ObjectSource::check_part(const Response& response, std::uint64_t position) const {
  const auto& range = response.head.range;
  if (!range || !range->satisfied || range->first != position) {
    return fail(ErrorKind::unsupported,
                place_.name + ": the server gave another part than was asked for; ask who runs it");
  }
  if (range->total && *range->total != place_.total) return changed();
  if (!place_.validator.empty() && !response.head.validator.empty() &&
      response.head.validator != place_.validator)
    return changed();
  return {};
}

Status ObjectSource::skip(std::uint64_t count) {
  std::vector<std::byte> buffer(std::size_t{1} << 18U);
  while (count > 0) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(count, buffer.size()));
    const auto got = body_->read(std::span(buffer).first(wanted), stop_);
    if (!got) return fail(got.error());
    if (*got < wanted) return fail(ErrorKind::transient, place_.name + " ended early");
    count -= wanted;
  }
  return {};
}

Status ObjectSource::open_at(std::uint64_t position) {
  body_.reset();
  Request request;
  request.url = place_.url;
  const std::uint64_t end = place_.start + place_.size;
  const bool whole = position == 0 && end == place_.total;
  if (!whole) {
    request.range = ByteRange{position, end - 1};
    request.if_range = place_.validator;
  }
  auto response = client_->send(request, stop_);
  if (!response) return fail(response.error());
  const int status = response->head.status;
  if (status == 416) return changed();
  if (status != 200 && status != 206) return fail(unexpected_status(place_.url, status));
  const bool part = status == 206;
  if (auto right = part ? check_part(*response, position) : check_whole(*response); !right) return right;
  body_ = std::move(response->body);
  position_ = position;
  return part ? Status{} : skip(position);
}

// As much as comes before the connection ends, and at least one byte.
Result<std::size_t> ObjectSource::read_on(std::span<std::byte> buffer) {
  const auto count = body_->read(buffer, stop_);
  if (!count) return count;
  if (*count == 0) return fail(ErrorKind::transient, place_.name + " ended early");
  return count;
}

Result<std::size_t> ObjectSource::read_at(std::span<std::byte> buffer, std::uint64_t offset) {
  const std::uint64_t left = offset < place_.size ? place_.size - offset : 0;
  buffer = buffer.first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), left)));
  std::size_t filled = 0;
  int failures = 0;
  while (filled < buffer.size()) {
    const std::uint64_t position = place_.start + offset + filled;
    Status ready{};
    if (!body_ || position_ != position) ready = open_at(position);
    const auto count = ready ? read_on(buffer.subspan(filled)) : Result<std::size_t>(fail(ready.error()));
    if (count) {
      failures = 0;
      filled += *count;
      position_ += *count;
      continue;
    }
    body_.reset();
    if (count.error().kind != ErrorKind::transient) return count;
    const auto delay = client_->delay(++failures);
    if (!delay) return count;
    if (!client_->wait(*delay, stop_)) return fail(ErrorKind::cancelled, "the transfer was cancelled");
  }
  return filled;
}

}  // namespace microstage::store::http
