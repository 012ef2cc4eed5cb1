#include "lib/store/http/dataset.h"

#include <cerrno>

#include "lib/core/text.h"
#include "lib/store/damaged_members.h"
#include "lib/store/http/object_source.h"
#include "lib/store/http/url.h"
#include "lib/store/ria_store.h"
#include "lib/store/sealed_archive.h"
#include "lib/store/shared_repository.h"

namespace microstage::store::http {

namespace {

constexpr std::size_t kLongestVersionFile = 4096;
constexpr std::size_t kLongestConfig = std::size_t{1} << 20U;

Error web_page(const std::string& url) {
  return {ErrorKind::mount_sick,
          redacted(url) + ": the server answers with a web page; is there a login or a portal in between?"};
}

// A page that explains something to people is no version file, whatever its status.
Result<LayoutVersion> read_version(Client& client, const std::string& directory_url) {
  const std::string url = directory_url + "/" + kLayoutVersionFile;
  const auto text = client.read_small(url, kLongestVersionFile, {});
  if (!text) return fail(text.error());
  if (text->find('<') != std::string::npos) return fail(web_page(url));
  return LayoutVersion::parse(*text);
}

Status check_store(Client& client, const std::string& store_url) {
  const auto version = read_version(client, store_url);
  if (!version && version.error().kind == ErrorKind::not_found) {
    return fail(ErrorKind::mount_sick, redacted(store_url) + " has no " + kLayoutVersionFile +
                                           ": it is no RIA store, or the server does not serve it here");
  }
  if (!version) return fail(version.error());
  if (version->number == kStoreVersion) return {};
  return fail(ErrorKind::unsupported, "the store " + redacted(store_url) + " has layout version '" +
                                          version->number +
                                          "', which this program does not know; it knows 1");
}

Result<HashDirectories> hash_directories_of(const LayoutVersion& version, const std::string& url) {
  if (version.number == "1") return HashDirectories::lower;
  if (version.number == "2") return HashDirectories::mixed;
  return fail(ErrorKind::unsupported, "the dataset " + redacted(url) + " has layout version '" +
                                          version.number +
                                          "', which this program does not know; it knows 1 and 2");
}

bool is_gone(int status) {
  return status == 404 || status == 410;
}

}  // namespace

Result<std::shared_ptr<HttpDataset>> HttpDataset::open(std::shared_ptr<Client> client,
                                                       const std::string& store_url, const DatasetId& id) {
  if (auto store = check_store(*client, store_url); !store) return fail(store.error());
  std::string url = store_url + "/" + id.store_path();
  const auto version = read_version(*client, url);
  if (!version && version.error().kind == ErrorKind::not_found) {
    return fail(ErrorKind::not_found, "the store " + redacted(store_url) + " has no dataset " + id.text(),
                ENOENT);
  }
  if (!version) return fail(version.error());
  const auto hash_directories = hash_directories_of(*version, url);
  if (!hash_directories) return fail(hash_directories.error());
  return std::shared_ptr<HttpDataset>(new HttpDataset(std::move(client), std::move(url), *hash_directories));
}

HttpDataset::HttpDataset(std::shared_ptr<Client> client, std::string url, HashDirectories hash_directories)
    : client_(std::move(client)),
      url_(std::move(url)),
      hash_directories_(hash_directories),
      archive_(client_, url_ + "/" + SealedArchive::kPath) {}

std::string HttpDataset::object_url(const annex::Key& key) const {
  return url_ + "/" + kObjects + "/" + encode_path(member_path(key));
}

Status HttpDataset::confirm_still_there() const {
  const auto version = read_version(*client_, url_);
  const auto now = version ? hash_directories_of(*version, url_) : fail(version.error());
  if (now && *now == hash_directories_) return {};
  if (!now && now.error().kind != ErrorKind::not_found) return fail(now.error());
  return fail(ErrorKind::mount_sick, "the dataset " + redacted(url_) +
                                         " vanished from the server while it was in use; ask who runs it");
}

Status HttpDataset::confirm_absence(const std::string& url, bool elsewhere) const {
  if (!elsewhere) return confirm_still_there();
  return fail(ErrorKind::mount_sick,
              redacted(url) +
                  ": the server redirects to another host, which does not have it (404); "
                  "that says nothing about the store");
}

Result<Presence> HttpDataset::absent_if_confirmed(const std::string& url, bool elsewhere) const {
  if (auto absent = confirm_absence(url, elsewhere); !absent) return fail(absent.error());
  return Presence::absent;
}

std::string HttpDataset::member_path(const annex::Key& key) const {
  return object_below_objects(hash_directories_, key);
}

Result<Presence> HttpDataset::archived_presence(const annex::Key& key) const {
  const auto contents = archive_.contents();
  if (!contents) return fail(contents.error());
  const auto member = *contents ? (*contents)->members.find(member_path(key)) : std::nullopt;
  if (!member) return Presence::absent;
  const auto size = key.content_size();
  if (size && member->size != *size) return Presence::wrong_size;
  const auto damaged = is_noted_damaged(key, **contents);
  if (!damaged) return fail(damaged.error());
  return *damaged ? Presence::wrong_size : Presence::archived;
}

Result<bool> HttpDataset::is_noted_damaged(const annex::Key& key,
                                           const RemoteArchive::Contents& archive) const {
  const std::string url = url_ + "/" + kDamagedMembers + "/" + encode_path(key.file_name());
  const auto note = client_->read_small(url, kLongestNote, {});
  if (!note && note.error().kind == ErrorKind::not_found) return false;
  if (!note) return fail(note.error());
  const auto state = parse_state_note(*note);
  if (!state) return fail(web_page(url));
  // The inode cannot be seen from here, and not every server tells the time of change.
  return state->size == archive.size && (!archive.modified || state->modified == *archive.modified);
}

Result<std::unique_ptr<transfer::Source>> HttpDataset::open_archived(const annex::Key& key) const {
  const auto contents = archive_.contents();
  if (!contents) return fail(contents.error());
  const auto member = *contents ? (*contents)->members.find(member_path(key)) : std::nullopt;
  if (!member) return nullptr;
  const auto size = key.content_size();
  if (!size || member->size == *size) return archive_.open(**contents, *member);
  return fail(ErrorKind::integrity, archive_.name_of(member->path) + " is damaged: it has " +
                                        std::to_string(member->size) + " bytes, and the key says " +
                                        std::to_string(*size));
}

Result<Presence> HttpDataset::judge_size(const annex::Key& key, const std::string& url,
                                         const ResponseHead& head, std::optional<std::uint64_t> size) const {
  const auto wanted = key.content_size();
  // A page that is served for every URL (a login, a portal) has the right size for a key without one.
  if (!wanted && head.is_web_page()) return fail(web_page(url));
  if (!head.encoded && size && (!wanted || size == wanted)) return Presence::present;
  if (head.encoded || !size) {
    return fail(ErrorKind::unsupported,
                redacted(url) + ": the server does not say how many bytes it has; ask who runs it");
  }
  if (head.is_web_page()) return fail(web_page(url));
  // Something that answers every URL in this way would not have a version file.
  if (auto there = confirm_still_there(); !there) return fail(there.error());
  return Presence::wrong_size;
}

Result<Presence> HttpDataset::find_by_first_byte(const annex::Key& key) const {
  Request request;
  request.url = object_url(key);
  request.range = ByteRange{0, 0};
  const auto response = client_->send(request, {});
  if (!response) return fail(response.error());
  const ResponseHead& head = response->head;
  if (is_gone(head.status)) return absent_if_confirmed(request.url, response->elsewhere);
  if (head.status == 200) return judge_size(key, request.url, head, head.length);
  // 416 is the answer for an empty file.
  if (head.status != 206 && head.status != 416) return fail(unexpected_status(request.url, head.status));
  return judge_size(key, request.url, head, head.range ? head.range->total : std::nullopt);
}

Result<Presence> HttpDataset::find(const annex::Key& key) const {
  const auto loose = loose_presence(key);
  if (!loose || *loose == Presence::present) return loose;
  const auto archived = archived_presence(key);
  if (!archived || *archived != Presence::absent) return archived;
  // The archive may have been unpacked and moved away between our two looks.
  return *loose == Presence::absent ? loose_presence(key) : loose;
}

Result<Presence> HttpDataset::loose_presence(const annex::Key& key) const {
  Request request;
  request.method = Method::head;
  request.url = object_url(key);
  const auto response = client_->send(request, {});
  if (!response) return fail(response.error());
  const ResponseHead& head = response->head;
  if (is_gone(head.status)) return absent_if_confirmed(request.url, response->elsewhere);
  if (head.status == 405 || head.status == 501) return find_by_first_byte(key);
  if (head.status != 200) return fail(unexpected_status(request.url, head.status));
  // Some servers answer HEAD with the length of nothing: only a GET's may speak against the object.
  const auto wanted = key.content_size();
  if (!head.length || head.encoded || (wanted && head.length != wanted)) return find_by_first_byte(key);
  return judge_size(key, request.url, head, head.length);
}

// Why a GET did not give the object.
Error HttpDataset::why_not(const annex::Key& key, const std::string& url, const Response& response) const {
  const ResponseHead& head = response.head;
  if (is_gone(head.status)) {
    const auto absent = confirm_absence(url, response.elsewhere);
    return absent ? Error{ErrorKind::not_found, path() + " does not have it", ENOENT} : absent.error();
  }
  if (head.status != 200) return unexpected_status(url, head.status);
  if (head.is_web_page()) return web_page(url);
  const auto wanted = key.content_size();
  if (head.encoded || !head.length || !wanted) {
    return {ErrorKind::unsupported,
            redacted(url) + ": the server does not say how many bytes it has; ask who runs it"};
  }
  return {ErrorKind::integrity, redacted(url) + " is damaged: it has " + std::to_string(*head.length) +
                                    " bytes, and the key says " + std::to_string(*wanted)};
}

Result<StoredObject> HttpDataset::open_object(const annex::Key& key) const {
  Request request;
  request.url = object_url(key);
  auto response = client_->send(request, {});
  if (!response) return failure_of(response);
  const ResponseHead& head = response->head;
  const auto wanted = key.content_size();
  // Without a length the key's counts: bytes that are missing or too many do not match the key.
  const auto size = head.length ? head.length : wanted;
  const bool page = !wanted && head.is_web_page();
  if (head.status != 200 || head.encoded || !size || (wanted && size != wanted) || page) {
    Error why = why_not(key, request.url, *response);
    if (why.kind != ErrorKind::not_found && why.kind != ErrorKind::integrity) return fail(std::move(why));
    auto archived = open_archived(key);
    if (!archived) return failure_of(archived);
    if (*archived) return StoredObject{std::move(*archived), std::nullopt, true};
    return fail(std::move(why));
  }
  ObjectSource::Place place;
  place.url = request.url;
  place.name = redacted(request.url);
  place.size = place.total = *size;
  place.validator = head.validator;
  auto source = std::make_unique<ObjectSource>(client_, std::move(place), std::move(response->body));
  return StoredObject{std::move(source), std::nullopt};
}

std::optional<fs::FileStatus> HttpDataset::holder_of(const annex::Key&) const {
  return std::nullopt;
}

std::optional<std::string> HttpDataset::whereabouts(const annex::Key& key) const {
  const auto presence = find(key);
  if (presence && *presence == Presence::present) return redacted(object_url(key));
  if (presence && *presence == Presence::archived) return archive_.name_of(member_path(key));
  return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> HttpDataset::describe() const {
  const bool mixed = hash_directories_ == HashDirectories::mixed;
  std::vector<std::pair<std::string, std::string>> fields{
      {"layout", mixed ? "2 (mixed hash directories)" : "1 (lower hash directories)"},
      {"url", redacted(url_)}};
  const auto contents = archive_.contents();
  if (!contents) {
    fields.emplace_back("archive", contents.error().message);
  } else if (*contents) {
    const auto& members = (*contents)->members;
    fields.emplace_back("archive",
                        std::to_string(members.size()) + " objects (" + human_size(members.bytes()) + ")");
  } else {
    fields.emplace_back("archive", "no");
  }
  return fields;
}

std::string HttpDataset::storage_uuid() const {
  const auto config = client_->read_small(url_ + "/config", kLongestConfig, {});
  return config ? storage_uuid_value(*config) : std::string{};
}

}  // namespace microstage::store::http
