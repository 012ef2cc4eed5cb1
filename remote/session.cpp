#include "remote/session.h"

#include <array>

#include "lib/core/text.h"

namespace microstage::remote {

namespace {

// At most two lines a second and job: each job has ten lines of buffer in git-annex, and a slow reader of one
// job holds up all others.
constexpr std::chrono::milliseconds kProgressInterval{500};

struct ExtensionName {
  Extension extension;
  std::string_view name;
};
constexpr std::array kExtensions{
    ExtensionName{Extension::info, "INFO"},
    ExtensionName{Extension::async, "ASYNC"},
    ExtensionName{Extension::get_git_remote_name, "GETGITREMOTENAME"},
    ExtensionName{Extension::unavailable_response, "UNAVAILABLERESPONSE"},
};

// Parameters of initremote. Listing them makes git-annex refuse misspelt ones.
const std::vector<ConfigSetting> kSettings{
    {"url",
     "root of the RIA store, for example ria+file:///data/store; with exporttree=yes a directory, "
     "file:///data/tree (required)"},
    {"push-url", "root of the same store for writing, where that differs"},
    {"limit", "bytes a second that each process of this remote may move, for example 200MB"},
    {"verify", "copy (default) or readback: what is stored is also read from the medium and compared"},
    {"archive-id", "dataset directory in the store; the DataLad dataset id unless given"},
    {"spool", "no: clones of this dataset keep no record of their transfers unless told to"},
};

Action send(std::string line) {
  return {Action::Kind::send, 0, std::move(line), {}};
}

}  // namespace

Actions Session::start() {
  return {send("VERSION " + std::to_string(protocol_version_))};
}

Actions Session::protocol_error(std::string_view what) {
  phase_ = Phase::ended;
  const std::string text = one_line(what);
  // Never with a job number: it concerns them all.
  return {send("ERROR " + text), {Action::Kind::end, 0, text, {}}};
}

bool Session::is_busy(JobId job) const {
  const auto entry = jobs_.find(job);
  return entry != jobs_.end() && entry->second.phase != JobPhase::idle;
}

Actions Session::negotiate(std::string_view offered) {
  if (phase_ != Phase::fresh) return protocol_error("EXTENSIONS came twice or too late");
  phase_ = Phase::greeted;
  std::string reply = "EXTENSIONS";
  for (const std::string_view word : split(offered, ' ')) {
    for (const auto& [extension, name] : kExtensions) {
      if (word != name || !extensions_.insert(extension).second) continue;
      reply += ' ';
      reply += name;
    }
  }
  return {send(std::move(reply))};
}

Actions Session::reply_at_once(JobId job, const std::vector<std::string>& lines) const {
  Actions actions;
  for (const std::string& line : lines)
    actions.push_back(send(with_job_prefix(job, line)));
  return actions;
}

Actions Session::receive(std::string_view line, Time now) {
  if (ended()) return {};
  JobId job = 0;
  std::string_view rest = line;
  const bool prefixed = has(Extension::async) && [&] {
    const auto number = take_job_prefix(rest);
    job = number.value_or(0);
    return number.has_value();
  }();
  Incoming incoming = parse_line(rest);
  if (incoming.kind == Incoming::Kind::extensions) return negotiate(incoming.text);
  phase_ = Phase::greeted;  // old git-annex offers no extensions
  if (incoming.kind == Incoming::Kind::value || incoming.kind == Incoming::Kind::error)
    return receive_answer(job, incoming);
  if (has(Extension::async) && !prefixed)
    return protocol_error("a line without a job number: " + std::string{line});
  if (is_busy(job)) return protocol_error("a request came while the job was busy: " + std::string{line});
  if (const auto wrong = pair_with_export(job, incoming); !wrong.empty())
    return protocol_error(std::string{wrong} + ": " + std::string{line});
  switch (incoming.kind) {
    case Incoming::Kind::list_configs:
      return reply_at_once(job, configs_reply(kSettings));
    case Incoming::Kind::export_name:
      return {};
    case Incoming::Kind::malformed:
      return protocol_error("a request lacks parameters: " + std::string{line});
    case Incoming::Kind::request:
      return receive_request(job, incoming.request, now);
    default:
      return reply_at_once(job, {"UNSUPPORTED-REQUEST"});
  }
}

// A file name with a line end in it arrives as two lines. What it was cut into must not be taken for the name
// of a file, so the session ends; git-annex starts another for the next file.
std::string_view Session::pair_with_export(JobId job, Incoming& incoming) {
  const auto given = export_names_.find(job);
  const bool named = given != export_names_.end();
  if (incoming.kind == Incoming::Kind::export_name) {
    if (named) return "two EXPORTs in a row";
    export_names_.emplace(job, incoming.text);
    return {};
  }
  if (!named && !incoming.needs_export) return {};
  if (!named) return "no EXPORT came before the request";
  if (!incoming.needs_export) return "EXPORT is followed by no request about a file";
  incoming.request.export_name = std::move(given->second);
  export_names_.erase(given);
  return {};
}

bool Session::may_export() const {
  return protocol_version_ >= 2 || has(Extension::unavailable_response);
}

Actions Session::receive_request(JobId job, const Request& request, Time now) {
  const bool about_exports = request.type == RequestType::export_supported || !request.export_name.empty();
  if (about_exports && !may_export()) {
    return reply_at_once(job, {failure_reply(request,
                                             "exporting needs version 2 of the protocol, which is safe "
                                             "only with git-annex 10.20230329 or later")});
  }
  jobs_[job] = Job{JobPhase::running, now, 0};
  return {{Action::Kind::start, job, {}, request}};
}

Actions Session::receive_answer(JobId job, const Incoming& incoming) {
  const bool is_error = incoming.kind == Incoming::Kind::error;
  // git-annex refuses a query with an ERROR that has no job number, also in ASYNC (seen with 10.20230126).
  if (is_error && job == 0) job = only_asking_job().value_or(0);
  const auto entry = jobs_.find(job);
  const bool asked = entry != jobs_.end() && entry->second.phase == JobPhase::asking;
  if (asked) {
    entry->second.phase = JobPhase::running;
    return {{is_error ? Action::Kind::refuse : Action::Kind::answer, job, incoming.text, {}}};
  }
  if (!is_error) return protocol_error("an answer came that nobody asked for");
  phase_ = Phase::ended;
  return {{Action::Kind::end, 0, "git-annex reported: " + one_line(incoming.text), {}}};
}

std::optional<JobId> Session::only_asking_job() const {
  std::optional<JobId> found;
  for (const auto& [job, state] : jobs_) {
    if (state.phase != JobPhase::asking) continue;
    if (found) return std::nullopt;
    found = job;
  }
  return found;
}

Actions Session::query(JobId job, std::string_view line) {
  if (ended() || !is_busy(job)) return {};
  jobs_[job].phase = JobPhase::asking;
  return {send(with_job_prefix(job, one_line(line)))};
}

Actions Session::tell(JobId job, std::string_view line) {
  if (ended() || !is_busy(job)) return {};
  return {send(with_job_prefix(job, one_line(line)))};
}

Actions Session::inform(JobId job, std::string_view text) {
  return tell(job, (has(Extension::info) ? "INFO " : "DEBUG ") + one_line(text));
}

Actions Session::progress(JobId job, std::uint64_t bytes, Time now) {
  if (ended() || !is_busy(job)) return {};
  Job& state = jobs_[job];
  if (now - state.last_progress < kProgressInterval || bytes <= state.reported) return {};
  state.last_progress = now;
  state.reported = bytes;
  return tell(job, "PROGRESS " + std::to_string(bytes));
}

Actions Session::finish(JobId job, const std::vector<std::string>& reply) {
  if (ended() || !is_busy(job)) return {};
  jobs_.erase(job);
  return reply_at_once(job, reply);
}

}  // namespace microstage::remote
