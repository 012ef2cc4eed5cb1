#include "remote/special_remote.h"

#include <ctime>

#include "lib/store/error_log.h"
#include "lib/transfer/partials.h"
#include "remote/answer.h"
#include "remote/init_remote.h"

namespace microstage::remote {

std::vector<std::string> SpecialRemote::answer_to(const Request& request, Conversation& conversation,
                                                  control::Report& report) {
  const bool begins = request.type == RequestType::init_remote || request.type == RequestType::prepare ||
                      request.type == RequestType::export_supported;
  const auto known = begins ? fail(ErrorKind::not_found, "") : settings();
  if (known && keeps_tree(**known)) return serve_tree(request, **known, conversation, report);
  if (!request.export_name.empty() || request.type == RequestType::rename_export) {
    return {reply(request,
                  fail(known ? Error{ErrorKind::unsupported,
                                     "this remote keeps objects in a RIA store; exporting needs one with "
                                     "exporttree=yes"}
                             : known.error()),
                  report)};
  }
  switch (request.type) {
    case RequestType::init_remote:
      return {answer(request, init_remote(conversation))};
    case RequestType::prepare:
      return {answer(request, prepare(conversation))};
    case RequestType::store:
      return {reply(request, store(request, conversation, report), report)};
    case RequestType::retrieve:
      return {reply(request, retrieve(request, conversation, report), report)};
    case RequestType::check_present:
      return {check_present(request, conversation)};
    case RequestType::remove:
      return {reply(request, remove(request, conversation), report)};
    case RequestType::get_cost:
      return {cost_reply(cost())};
    case RequestType::get_availability:
      return {availability_reply(availability(conversation))};
    case RequestType::where_is:
      return {where_is(request)};
    case RequestType::get_info:
      return info_reply(info());
    case RequestType::export_supported: {
      tree_settled_ = true;
      const auto supported = export_supported(conversation);
      return {supported && *supported ? success_reply(request) : failure_reply(request, {})};
    }
    case RequestType::rename_export:
    case RequestType::remove_export_directory:
      break;  // above
  }
  return {"UNSUPPORTED-REQUEST"};
}

std::string SpecialRemote::reply(const Request& request, const Status& status) {
  std::string line = answer(request, status);
  if (!status) {
    forget_if_stale(status.error());
    if (status.error().kind != ErrorKind::cancelled) log_failure(request, line);
  }
  return line;
}

void SpecialRemote::log_failure(const Request& request, const std::string& what) {
  const bool writes = request.type == RequestType::store || request.type == RequestType::remove;
  const auto where = url(writes ? Access::write : Access::read);
  const auto known = settings();
  const auto config = git_config();
  if (!where || !where->is_local() || !known || !config) return;
  const auto policy = store_policy(**known, **config);
  const auto dataset = DatasetId::parse((*known)->archive_id);
  const auto client = DatasetId::parse((*config)->value("annex.uuid").value_or(""));
  if (!policy || policy->ignore_flags || !dataset || !client) return;
  ignore_error(store::log_error(ops_, where->path, *dataset, *client, what),
               "the error itself is what the user must read");
}

std::string SpecialRemote::unknown(const Request& request, const Error& error, Conversation& conversation) {
  const bool news = [&] {
    const std::lock_guard lock(mutex_);
    return std::exchange(told_, error.message) != error.message;
  }();
  if (news) conversation.inform(error.message);
  return reply(request, fail(error));
}

void SpecialRemote::forget_if_stale(const Error& error) {
  if (error.kind != ErrorKind::mount_sick) return;
  // They end outside the lock: a hanging mount must not stop the other jobs.
  decltype(read_dataset_) reading;
  decltype(write_dataset_) writing;
  decltype(tree_) tree;
  const std::lock_guard lock(mutex_);
  reading.swap(read_dataset_);
  writing.swap(write_dataset_);
  tree.swap(tree_);
}

Status SpecialRemote::prepare(Conversation& conversation) {
  auto asked = ask_for_settings(conversation);
  if (!asked) return fail(asked.error());
  const std::lock_guard lock(mutex_);
  settings_ = std::make_shared<const CommittedSettings>(std::move(*asked));
  return {};
}

Status SpecialRemote::init_remote(Conversation& conversation) {
  auto asked = ask_for_settings(conversation);
  if (!asked) return fail(asked.error());
  const auto config = git_config();
  if (!config) return fail(config.error());
  if (auto done = initialise(ops_, http_, *asked, **config, conversation); !done) return done;
  const std::lock_guard lock(mutex_);
  settings_ = std::make_shared<const CommittedSettings>(std::move(*asked));
  return {};
}

Result<std::shared_ptr<const CommittedSettings>> SpecialRemote::settings() {
  const std::lock_guard lock(mutex_);
  if (!settings_) return fail(ErrorKind::invalid, "git-annex sent a request before PREPARE was answered");
  return settings_;
}

Result<const GitConfig*> SpecialRemote::git_config() {
  const std::lock_guard lock(mutex_);
  if (!git_config_) {
    auto loaded = load_git_config();
    if (!loaded) return failure_of(loaded);
    git_config_ = std::make_unique<GitConfig>(std::move(*loaded));
  }
  return git_config_.get();
}

Result<store::RiaUrl> SpecialRemote::url(Access access) {
  const auto known = settings();
  if (!known) return fail(known.error());
  const auto config = git_config();
  if (!config) return fail(config.error());
  return access == Access::write ? effective_push_url(**known, **config) : effective_url(**known, **config);
}

Result<std::shared_ptr<store::ReadableDataset>> SpecialRemote::readable_dataset() {
  {
    const std::lock_guard lock(mutex_);
    if (read_dataset_) return read_dataset_;
  }
  auto opened = open_for_reading();
  if (!opened) return opened;
  const std::lock_guard lock(mutex_);
  if (!read_dataset_) read_dataset_ = std::move(*opened);
  return read_dataset_;
}

Result<std::shared_ptr<store::ReadableDataset>> SpecialRemote::open_for_reading() {
  const auto where = url(Access::read);
  if (!where || !where->is_http()) return open_dataset(Access::read);
  const auto config = git_config();
  const auto id = DatasetId::parse((*settings())->archive_id);
  if (!config) return fail(config.error());
  if (!id) return fail(id.error());
  return http_.open(*where, *id, **config);
}

Result<std::shared_ptr<store::RiaDataset>> SpecialRemote::writable_dataset() {
  {
    const std::lock_guard lock(mutex_);
    if (write_dataset_) return write_dataset_;
  }
  auto opened = open_dataset(Access::write);
  if (!opened) return opened;
  const std::lock_guard lock(mutex_);
  if (!write_dataset_) write_dataset_ = std::move(*opened);
  return write_dataset_;
}

Result<std::shared_ptr<store::RiaDataset>> SpecialRemote::open_dataset(Access access) {
  const auto where = url(access);
  if (!where) return fail(where.error());
  const auto known = settings();
  if (!known) return fail(known.error());
  if (!where->is_local()) return fail(out_of_reach(*where, **known));
  const auto id = DatasetId::parse((*known)->archive_id);
  if (!id) return fail(id.error());
  const auto config = git_config();
  if (!config) return fail(config.error());
  const auto policy = store_policy(**known, **config);
  if (!policy) return fail(policy.error());
  const auto store = store::RiaStore::open(ops_, where->path, policy->unknown_layout);
  auto opened = store ? store::RiaDataset::open(*store, *id, policy->unknown_layout) : fail(store.error());
  if (opened) return std::make_shared<store::RiaDataset>(std::move(*opened));
  if (opened.error().kind == ErrorKind::unsupported) {
    opened.error().message +=
        "; to take it for that all the same, set remote." + name_of(**known) + ".ora-force-write to true";
  }
  return failure_of(opened);
}

// The uuid comes from the dataset and becomes a path in which files are removed: it must be what it claims to
// be.
Result<std::string> SpecialRemote::private_directory(const CommittedSettings& settings) {
  const auto uuid = DatasetId::parse(settings.uuid);
  if (!uuid || settings.git_dir.empty()) {
    return fail(ErrorKind::invalid, "git-annex gave '" + settings.uuid + "' as the remote's uuid and '" +
                                        settings.git_dir +
                                        "' as the git directory; a UUID and a path are needed");
  }
  return settings.git_dir + "/annex/microstage/" + uuid->text();
}

DamageMarks& SpecialRemote::damage_marks() {
  const std::lock_guard lock(mutex_);
  if (!damage_marks_) {
    const auto own = settings_ ? private_directory(*settings_) : fail(ErrorKind::invalid, "");
    damage_marks_ = std::make_unique<DamageMarks>(ops_, own ? *own + ".damaged" : std::string{});
  }
  return *damage_marks_;
}

Result<transfer::RateLimiter*> SpecialRemote::limiter() {
  const auto known = settings();
  const auto config = known ? git_config() : fail(known.error());
  if (!config) return fail(config.error());
  const auto rate = rate_limit(**known, **config);
  if (!rate) return fail(rate.error());
  const std::lock_guard lock(mutex_);
  if (*rate && !limiter_) limiter_ = std::make_unique<transfer::RateLimiter>(**rate);
  return limiter_.get();
}

SpecialRemote::~SpecialRemote() {
  constexpr std::int64_t kKeepPartials = 7 * 24 * 3600;  // seconds
  const auto directory = settings_ ? private_directory(*settings_) : fail(ErrorKind::invalid, "");
  if (directory) transfer::tidy_partials(ops_, *directory, std::time(nullptr) - kKeepPartials);
}

}  // namespace microstage::remote
