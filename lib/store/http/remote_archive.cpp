#include "lib/store/http/remote_archive.h"

#include <vector>

#include "lib/store/archive/table_reader.h"
#include "lib/store/http/object_source.h"
#include "lib/store/http/url.h"

namespace microstage::store::http {

namespace {

// Will the next attempt on the same archive say the same?
bool is_final(const Error& error) {
  return error.kind == ErrorKind::integrity || error.kind == ErrorKind::unsupported;
}

}  // namespace

std::string RemoteArchive::name_of(std::string_view member) const {
  return redacted(url_) + ", member " + std::string{member};
}

std::unique_ptr<transfer::Source> RemoteArchive::open(const Contents& contents,
                                                      const archive::Member& member) const {
  ObjectSource::Place place;
  place.url = url_;
  place.name = name_of(member.path);
  place.start = member.offset;
  place.size = member.size;
  place.total = contents.size;
  place.validator = contents.validator;
  place.must_range = true;
  return std::make_unique<ObjectSource>(client_, std::move(place));
}

RemoteArchive::Outcome RemoteArchive::read(std::uint64_t size, const ResponseHead& head) const {
  ObjectSource::Place place;
  place.url = url_;
  place.name = "the archive " + redacted(url_);
  place.size = place.total = size;
  place.validator = head.validator;
  place.must_range = true;
  archive::TableReader reader(size);
  std::vector<std::byte> buffer;
  while (const auto range = reader.wanted()) {
    place.start = range->offset;  // a source each: just these bytes are asked for
    place.size = range->size;
    buffer.resize(static_cast<std::size_t>(range->size));
    const auto count = ObjectSource(client_, place).read_at(buffer, 0);
    if (!count) return fail(count.error());
    if (auto fed = reader.feed(std::span(buffer).first(*count)); !fed)
      return fail(fed.error().kind, place.name + " cannot be read: " + fed.error().message);
  }
  return std::make_shared<const Contents>(Contents{size, head.validator, head.modified, reader.take()});
}

RemoteArchive::Outcome RemoteArchive::contents() const {
  Request request;
  request.method = Method::head;
  request.url = url_;
  const auto response = client_->send(request, {});
  if (!response) return fail(response.error());
  const ResponseHead& head = response->head;
  if ((head.status == 404 || head.status == 410) && !response->elsewhere) return nullptr;
  if (head.status != 200) return fail(unexpected_status(url_, head.status));
  if (!head.length || head.encoded) {
    return fail(ErrorKind::unsupported,
                redacted(url_) + ": the server does not say how many bytes it has; ask who runs it");
  }
  const std::lock_guard lock(mutex_);
  // Without a validator nobody could tell one archive from the next.
  const bool same = known_ && known_->size == *head.length && known_->validator == head.validator;
  if (same && !head.validator.empty()) return known_->outcome;
  Outcome outcome = read(*head.length, head);
  if (!outcome && !is_final(outcome.error())) return outcome;
  known_.emplace(Known{*head.length, head.validator, outcome});
  return outcome;
}

}  // namespace microstage::store::http
