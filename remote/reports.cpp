#include "remote/reports.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "lib/control/spool.h"
#include "lib/core/text.h"
#include "lib/fs/file.h"
#include "remote/special_remote.h"

namespace microstage::remote {

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT: nobody changes the environment
  return value != nullptr ? value : "";
}

std::string working_directory() {
  std::string path(4096, '\0');
  if (::getcwd(path.data(), path.size()) == nullptr) return {};
  path.resize(path.find('\0'));
  return path;
}

// A file tree has no dataset of its own; DataLad keeps the id of the one that is exported in a file of it.
// Read as git writes it, for no program is started for this.
std::string datalad_id_of(fs::FileOps& ops, const std::string& work_tree) {
  constexpr std::size_t kLongest = 65536;
  const auto file = fs::File::open(ops, work_tree + "/.datalad/config", O_RDONLY | O_NONBLOCK);
  const auto text = file ? fs::read_small_file(*file, kLongest) : fail(file.error());
  if (!text) return {};
  bool inside = false;
  for (const std::string_view raw : split(*text, '\n')) {
    const std::string line = one_line(raw);
    std::string_view rest = line;
    while (rest.starts_with(' '))
      rest.remove_prefix(1);
    if (rest.starts_with('[')) inside = rest == "[datalad \"dataset\"]";
    if (!inside || !consume_prefix(rest, "id = ")) continue;
    const auto id = DatasetId::parse(rest);
    return id ? id->text() : std::string{};
  }
  return {};
}

std::string dataset_of(fs::FileOps& ops, const CommittedSettings& settings) {
  if (DatasetId::parse(settings.archive_id)) return settings.archive_id;
  const std::string work_tree = variable("GIT_WORK_TREE");
  std::string id = datalad_id_of(ops, work_tree.empty() ? "." : work_tree);
  if (id.empty() && DatasetId::parse(settings.uuid)) id = settings.uuid;
  return id;
}

std::string hash_of(const annex::Key& key) {
  const auto digest = key.digest();
  if (!digest) return {};
  std::string name{key.backend()};
  if (name.ends_with('E')) name.pop_back();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  return name + ":" + digest->hex;
}

std::uint64_t since(std::chrono::steady_clock::time_point begun) {
  const auto passed = std::chrono::steady_clock::now() - begun;
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(passed).count());
}

}  // namespace

bool is_reported(RequestType type) {
  return type == RequestType::store || type == RequestType::retrieve || type == RequestType::remove ||
         type == RequestType::rename_export;
}

control::Report origin_of(fs::FileOps& ops, const CommittedSettings& settings, const GitConfig& config) {
  control::Report report;
  report.dataset = dataset_of(ops, settings);
  report.clone_uuid = config.value("annex.uuid").value_or("");
  report.clone = working_directory();
  report.store_uuid = settings.uuid;
  report.program = "git-annex-remote-microstage " MICROSTAGE_VERSION;
  const control::Reporting who = control::this_reporting();
  report.host = who.host;
  report.uid = who.uid;
  report.user = variable("LOGNAME");
  if (report.user.empty()) report.user = variable("USER");
  report.pid = static_cast<std::uint64_t>(::getpid());
  report.slurm_job = variable("SLURM_JOB_ID");
  return report;
}

void note_request(control::Report& report, const Request& request) {
  report.action = request.type == RequestType::store      ? control::Action::store
                  : request.type == RequestType::retrieve ? control::Action::retrieve
                  : request.type == RequestType::remove   ? control::Action::remove
                                                          : control::Action::rename;
  report.key = request.key;
  report.path = request.export_name;
  report.new_path = request.new_name;
  // What is removed is as large as its key says.
  if (request.type != RequestType::remove) return;
  if (const auto key = annex::Key::parse(request.key)) report.bytes = key->content_size().value_or(0);
}

void note_stored(control::Report& report, const annex::Key& key, const store::StoreReport& stored,
                 bool read_back) {
  report.bytes = stored.bytes;
  if (stored.already_there) report.outcome = control::Outcome::existing;
  report.verified = !stored.hashed ? control::Verified::size
                    : read_back    ? control::Verified::read_back
                                   : control::Verified::hashed;
  if (stored.hashed) report.hash = hash_of(key);
}

void note_delivered(control::Report& report, const annex::Key& key, std::uint64_t bytes,
                    bool git_annex_verifies) {
  report.bytes = bytes;
  report.hash = hash_of(key);
  report.verified = key.digest()         ? control::Verified::hashed
                    : git_annex_verifies ? control::Verified::follow
                                         : control::Verified::none;
}

std::vector<std::string> SpecialRemote::serve(const Request& request, Conversation& conversation) {
  control::Report report;
  if (!is_reported(request.type) || !begin_reports()) return answer_to(request, conversation, report);
  const auto begun = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    report = *origin_;
    if (request.type == RequestType::retrieve) report.store = read_url_;
  }
  note_request(report, request);
  auto lines = answer_to(request, conversation, report);
  report.duration_us = since(begun);
  report.time_us = control::now_us();
  reporter_.add(std::move(report));
  tell_trouble(conversation);
  return lines;
}

bool SpecialRemote::begin_reports() {
  if (reporter_.begun()) return true;
  const auto known = settings();
  const auto config = known ? git_config() : fail(known.error());
  if (!config) return false;
  control::Report origin = origin_of(ops_, **known, **config);
  const bool tree = keeps_tree(**known);
  const auto read = url(Access::read);
  const auto write = url(Access::write);
  const auto directory = tree ? effective_tree(**known, **config) : fail(ErrorKind::unsupported, "");
  if (write) origin.store = write->text();
  if (directory) origin.store = *directory;
  {
    const std::lock_guard lock(mutex_);
    read_url_ = read ? read->text() : origin.store;
    origin_ = std::move(origin);
  }
  reporter_.begin(control::spool_place(spool_settings(**known, **config)));
  return true;
}

void SpecialRemote::tell_trouble(Conversation& conversation) {
  const auto trouble = reporter_.take_trouble();
  if (!trouble) return;
  if (trouble->wanted) {
    conversation.inform(trouble->message);
  } else {
    conversation.debug(trouble->message);
  }
}

std::string SpecialRemote::reply(const Request& request, const Status& status, control::Report& report) {
  if (!status) {
    report.outcome = control::Outcome::failed;
    report.error = status.error().kind;
    report.message = status.error().message;
  }
  return reply(request, status);
}

}  // namespace microstage::remote
