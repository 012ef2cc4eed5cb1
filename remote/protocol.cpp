#include "remote/protocol.h"

#include "lib/core/text.h"

namespace microstage::remote {

namespace {

// The next word of `rest`, which loses it and one blank after it.
std::string_view take_word(std::string_view& rest) {
  const std::size_t blank = rest.find(' ');
  const std::string_view word = rest.substr(0, blank);
  rest.remove_prefix(blank == std::string_view::npos ? rest.size() : blank + 1);
  return word;
}

Incoming of_kind(Incoming::Kind kind, std::string_view text = {}) {
  Incoming incoming;
  incoming.kind = kind;
  incoming.text = text;
  return incoming;
}

Incoming request_of(RequestType type, std::string_view key = {}, std::string_view file = {}) {
  Incoming incoming;
  incoming.kind = Incoming::Kind::request;
  incoming.request = {type, std::string{key}, std::string{file}};
  return incoming;
}

Incoming keyed_request(RequestType type, std::string_view key) {
  return key.empty() ? of_kind(Incoming::Kind::malformed) : request_of(type, key);
}

Incoming transfer_request(std::string_view rest) {
  const std::string_view direction = take_word(rest);
  const std::string_view key = take_word(rest);
  if (key.empty() || rest.empty()) return of_kind(Incoming::Kind::malformed);
  if (direction == "STORE") return request_of(RequestType::store, key, rest);
  if (direction == "RETRIEVE") return request_of(RequestType::retrieve, key, rest);
  return of_kind(Incoming::Kind::malformed);
}

Incoming rename_request(std::string_view rest) {
  const std::string_view key = take_word(rest);
  if (key.empty() || rest.empty()) return of_kind(Incoming::Kind::malformed);
  Incoming incoming = request_of(RequestType::rename_export, key);
  incoming.request.new_name = rest;
  return incoming;
}

Incoming directory_request(std::string_view directory) {
  if (directory.empty()) return of_kind(Incoming::Kind::malformed);
  Incoming incoming = request_of(RequestType::remove_export_directory);
  incoming.request.export_name = directory;
  return incoming;
}

Incoming after_export(Incoming incoming) {
  incoming.needs_export = true;
  return incoming;
}

std::string_view name_of(RequestType type) {
  switch (type) {
    case RequestType::init_remote:
      return "INITREMOTE";
    case RequestType::prepare:
      return "PREPARE";
    case RequestType::store:
      return "TRANSFER-STORE";
    case RequestType::retrieve:
      return "TRANSFER-RETRIEVE";
    case RequestType::check_present:
      return "CHECKPRESENT";
    case RequestType::remove:
      return "REMOVE";
    case RequestType::get_cost:
      return "GETCOST";
    case RequestType::get_availability:
      return "GETAVAILABILITY";
    case RequestType::where_is:
      return "WHEREIS";
    case RequestType::get_info:
      return "GETINFO";
    case RequestType::export_supported:
      return "EXPORTSUPPORTED";
    case RequestType::rename_export:
      return "RENAMEEXPORT";
    case RequestType::remove_export_directory:
      return "REMOVEEXPORTDIRECTORY";
  }
  return "";
}

std::string join(std::initializer_list<std::string_view> words) {
  std::string line;
  for (const std::string_view word : words) {
    if (!line.empty()) line += ' ';
    line += word;
  }
  return line;
}

}  // namespace

Incoming parse_line(std::string_view line) {
  std::string_view rest = line;
  const std::string_view command = take_word(rest);
  using Kind = Incoming::Kind;
  if (command == "TRANSFER") return transfer_request(rest);
  if (command == "CHECKPRESENT") return keyed_request(RequestType::check_present, rest);
  if (command == "REMOVE") return keyed_request(RequestType::remove, rest);
  if (command == "WHEREIS") return keyed_request(RequestType::where_is, rest);
  if (command == "VALUE" || command == "CREDS") return of_kind(Kind::value, rest);
  if (command == "PREPARE") return request_of(RequestType::prepare);
  if (command == "INITREMOTE") return request_of(RequestType::init_remote);
  if (command == "GETCOST") return request_of(RequestType::get_cost);
  if (command == "GETAVAILABILITY") return request_of(RequestType::get_availability);
  if (command == "GETINFO") return request_of(RequestType::get_info);
  if (command == "EXTENSIONS") return of_kind(Kind::extensions, rest);
  if (command == "LISTCONFIGS") return of_kind(Kind::list_configs);
  if (command == "EXPORTSUPPORTED") return request_of(RequestType::export_supported);
  if (command == "EXPORT") return of_kind(rest.empty() ? Kind::malformed : Kind::export_name, rest);
  if (command == "TRANSFEREXPORT") return after_export(transfer_request(rest));
  if (command == "CHECKPRESENTEXPORT") return after_export(keyed_request(RequestType::check_present, rest));
  if (command == "REMOVEEXPORT") return after_export(keyed_request(RequestType::remove, rest));
  if (command == "RENAMEEXPORT") return after_export(rename_request(rest));
  if (command == "REMOVEEXPORTDIRECTORY") return directory_request(rest);
  if (command == "ERROR") return of_kind(Kind::error, rest);
  return of_kind(Kind::unsupported);
}

std::optional<JobId> take_job_prefix(std::string_view& line) {
  std::string_view rest = line;
  if (!consume_prefix(rest, "J ")) return std::nullopt;
  JobId job = 0;
  if (!parse_decimal(take_word(rest), job) || job == 0) return std::nullopt;
  line = rest;
  return job;
}

std::string with_job_prefix(JobId job, std::string_view line) {
  if (job == 0) return std::string{line};
  return "J " + std::to_string(job) + " " + std::string{line};
}

std::string success_reply(const Request& request) {
  switch (request.type) {
    case RequestType::store:
      return join({"TRANSFER-SUCCESS STORE", request.key});
    case RequestType::retrieve:
      return join({"TRANSFER-SUCCESS RETRIEVE", request.key});
    case RequestType::check_present:
    case RequestType::remove:
    case RequestType::rename_export:
      return join({std::string{name_of(request.type)} + "-SUCCESS", request.key});
    case RequestType::init_remote:
    case RequestType::prepare:
    case RequestType::export_supported:
    case RequestType::remove_export_directory:
      return std::string{name_of(request.type)} + "-SUCCESS";
    default:
      return "UNSUPPORTED-REQUEST";
  }
}

std::string failure_reply(const Request& request, std::string_view why) {
  const std::string text = one_line(why);
  switch (request.type) {
    case RequestType::store:
      return join({"TRANSFER-FAILURE STORE", request.key, text});
    case RequestType::retrieve:
      return join({"TRANSFER-FAILURE RETRIEVE", request.key, text});
    case RequestType::check_present:
      return join({"CHECKPRESENT-UNKNOWN", request.key, text});
    case RequestType::remove:
      return join({"REMOVE-FAILURE", request.key, text});
    case RequestType::init_remote:
    case RequestType::prepare:
      return join({std::string{name_of(request.type)} + "-FAILURE", text});
    case RequestType::rename_export:  // has no place for a text
      return join({"RENAMEEXPORT-FAILURE", request.key});
    case RequestType::where_is:
    case RequestType::export_supported:
    case RequestType::remove_export_directory:
      return std::string{name_of(request.type)} + "-FAILURE";
    default:
      return "UNSUPPORTED-REQUEST";
  }
}

std::string absent_reply(std::string_view key) {
  return join({"CHECKPRESENT-FAILURE", key});
}

std::string where_is_reply(std::string_view text) {
  return join({"WHEREIS-SUCCESS", one_line(text)});
}

std::string cost_reply(unsigned cost) {
  return "COST " + std::to_string(cost);
}

std::string availability_reply(Availability availability) {
  switch (availability) {
    case Availability::local:
      return "AVAILABILITY LOCAL";
    case Availability::global:
      return "AVAILABILITY GLOBAL";
    case Availability::unavailable:
      return "AVAILABILITY UNAVAILABLE";
  }
  return "UNSUPPORTED-REQUEST";
}

std::vector<std::string> info_reply(const std::vector<InfoField>& fields) {
  std::vector<std::string> lines;
  for (const InfoField& field : fields) {
    lines.push_back("INFOFIELD " + one_line(field.name));
    lines.push_back("INFOVALUE " + one_line(field.value));
  }
  lines.emplace_back("INFOEND");
  return lines;
}

std::vector<std::string> configs_reply(const std::vector<ConfigSetting>& settings) {
  std::vector<std::string> lines;
  for (const ConfigSetting& setting : settings)
    lines.push_back(join({"CONFIG", setting.name, setting.description}));
  lines.emplace_back("CONFIGEND");
  return lines;
}

}  // namespace microstage::remote
