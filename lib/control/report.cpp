#include "lib/control/report.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "lib/control/json_line.h"
#include "lib/core/ids.h"
#include "lib/core/text.h"

namespace microstage::control {

namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kLongestProse = 1000;
constexpr std::size_t kIdDigits = 32;
// What still is a number of nanoseconds below 2^63: the year 2262.
constexpr std::uint64_t kLatest = std::numeric_limits<std::int64_t>::max() / 1000;

constexpr std::array<std::string_view, 4> kActions{"store", "retrieve", "remove", "rename"};
constexpr std::array<std::string_view, 3> kOutcomes{"done", "existing", "failed"};
constexpr std::array<std::string_view, 5> kVerified{"none", "hashed", "read-back", "size", "follow"};

template <class Enum, std::size_t n>
bool take_name(const std::array<std::string_view, n>& names, std::string_view text, Enum& value) {
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return false;
  value = static_cast<Enum>(found - names.begin());
  return true;
}

std::optional<ErrorKind> error_kind_of(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(ErrorKind::bug); ++i)
    if (microstage::name(static_cast<ErrorKind>(i)) == text) return static_cast<ErrorKind>(i);
  return std::nullopt;
}

// The texts of a report in the order of a line, with what each may hold.
enum class Kind {
  name,   // one line without control characters
  bytes,  // a path: anything but a zero byte
  prose,  // a name, cut where it is long
};
struct TextField {
  std::string_view name;
  std::string Report::*field;
  Kind kind;
};
constexpr std::array<TextField, 14> kTexts{{
    {"dataset", &Report::dataset, Kind::name},
    {"key", &Report::key, Kind::name},
    {"path", &Report::path, Kind::bytes},
    {"new_path", &Report::new_path, Kind::bytes},
    {"hash", &Report::hash, Kind::name},
    {"message", &Report::message, Kind::prose},
    {"clone_uuid", &Report::clone_uuid, Kind::name},
    {"clone", &Report::clone, Kind::bytes},
    {"store_uuid", &Report::store_uuid, Kind::name},
    {"store", &Report::store, Kind::bytes},
    {"program", &Report::program, Kind::prose},
    {"host", &Report::host, Kind::prose},
    {"user", &Report::user, Kind::prose},
    {"slurm_job", &Report::slurm_job, Kind::prose},
}};
struct NumberField {
  std::string_view name;
  std::uint64_t Report::*field;
};
constexpr std::array<NumberField, 5> kNumbers{{
    {"time", &Report::time_us},
    {"bytes", &Report::bytes},
    {"duration", &Report::duration_us},
    {"uid", &Report::uid},
    {"pid", &Report::pid},
}};

class LineWriter {
 public:
  LineWriter() : line_("{\"v\":" + std::to_string(kVersion)) {}
  void text(std::string_view name, std::string_view value) {
    begin(name);
    line_ += json_string(value);
  }
  void number(std::string_view name, std::uint64_t value) {
    begin(name);
    line_ += std::to_string(value);
  }
  [[nodiscard]] std::string finish() { return std::move(line_) + "}\n"; }

 private:
  void begin(std::string_view name) {
    line_ += ",\"";
    line_ += name;
    line_ += "\":";
  }
  std::string line_;
};

// At most `limit` bytes of it, without half a character at the end.
std::string_view cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0U) == 0x80)
    --limit;
  return text.substr(0, limit);
}

bool is_allowed(const TextField& field, std::string_view text) {
  if (text.size() > kLongestText) return false;
  return std::none_of(text.begin(), text.end(), [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return field.kind == Kind::bytes ? byte == 0 : byte < 0x20 || byte == 0x7f;
  });
}

bool is_id(std::string_view text) {
  return text.size() == kIdDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// What has a name of its own in a line, and every name at most once.
class Members {
 public:
  explicit Members(std::vector<JsonMember> members) : members_(std::move(members)) {}

  [[nodiscard]] const std::string* text(std::string_view name) const { return get<std::string>(name); }
  [[nodiscard]] const std::uint64_t* number(std::string_view name) const { return get<std::uint64_t>(name); }
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }

 private:
  [[nodiscard]] const JsonMember* find(std::string_view name) const {
    const auto found =
        std::find_if(members_.begin(), members_.end(), [&](const JsonMember& m) { return m.name == name; });
    return found == members_.end() ? nullptr : &*found;
  }
  template <class T>
  [[nodiscard]] const T* get(std::string_view name) const {
    const JsonMember* member = find(name);
    return member == nullptr ? nullptr : std::get_if<T>(&member->value);
  }

  std::vector<JsonMember> members_;
};

tl::unexpected<Error> wrong(std::string what) {
  return fail(ErrorKind::invalid, std::move(what));
}

Result<Members> parse_members(std::string_view line) {
  if (line.size() >= kLongestLine) return wrong("longer than a line may be");
  auto parsed = parse_json_line(line);
  if (!parsed) return failure_of(parsed);
  Members members(std::move(*parsed));
  const std::uint64_t* version = members.number("v");
  if (version == nullptr || *version == 0) return wrong("no version");
  if (*version > kVersion) {
    return fail(ErrorKind::unsupported,
                "written by a later version of microstage (format " + std::to_string(*version) + ")");
  }
  return members;
}

Status read_texts(const Members& members, Report& report) {
  for (const TextField& field : kTexts) {
    const std::string* value = members.text(field.name);
    if (value == nullptr && members.has(field.name)) return wrong(std::string{field.name} + " is no text");
    if (value == nullptr) continue;
    if (!is_allowed(field, *value))
      return wrong(std::string{field.name} + " is too long, or holds what it cannot");
    report.*field.field = *value;
  }
  return {};
}

Status read_numbers(const Members& members, Report& report) {
  for (const NumberField& field : kNumbers) {
    const std::uint64_t* value = members.number(field.name);
    if (value == nullptr && members.has(field.name)) return wrong(std::string{field.name} + " is no number");
    if (value != nullptr) report.*field.field = *value;
  }
  return {};
}

Status read_words(const Members& members, Report& report) {
  const std::string none;
  const auto word = [&](std::string_view name) {
    const std::string* value = members.text(name);
    return std::string_view{value != nullptr ? *value : none};
  };
  if (!take_name(kActions, word("action"), report.action)) return wrong("no action that is known");
  if (!take_name(kOutcomes, word("result"), report.outcome)) return wrong("no result that is known");
  if (members.has("verified") && !take_name(kVerified, word("verified"), report.verified))
    return wrong("no way to verify that is known");
  if (!members.has("error")) return {};
  report.error = error_kind_of(word("error"));
  return report.error ? Status{} : wrong("no kind of error that is known");
}

// What must hold of the fields together.
Status check_report(const Report& report) {
  if (report.time_us == 0) return wrong("no time");
  if (report.time_us > kLatest || report.duration_us > kLatest) return wrong("a time that cannot be");
  if (report.key.empty() && report.path.empty()) return wrong("neither key nor path");
  if (report.key.find(' ') != std::string::npos) return wrong("a key with a blank");
  if (!report.dataset.empty() && !DatasetId::parse(report.dataset)) return wrong("dataset is no UUID");
  if ((report.outcome == Outcome::failed) != report.error.has_value())
    return wrong("a failure without its error, or an error without failure");
  return {};
}

Result<LineId> parse_id(std::string_view text) {
  LineId id;
  const std::size_t dash = text.find('-');
  id.spool = text.substr(0, dash);
  const bool whole = dash != std::string_view::npos && is_id(id.spool);
  if (!whole || !parse_decimal(text.substr(dash + 1), id.offset)) return wrong("no id");
  return id;
}

}  // namespace

std::string_view name(Action action) {
  return kActions.at(static_cast<std::size_t>(action));
}
std::string_view name(Outcome outcome) {
  return kOutcomes.at(static_cast<std::size_t>(outcome));
}
std::string_view name(Verified verified) {
  return kVerified.at(static_cast<std::size_t>(verified));
}

std::string LineId::text() const {
  return spool + "-" + std::to_string(offset);
}

std::string header_line(const SpoolHeader& header) {
  LineWriter line;
  line.text("spool", header.spool);
  line.number("time", header.time_us);
  line.text("host", cut(header.host, kLongestProse));
  line.number("uid", header.uid);
  return line.finish();
}

Result<std::string> report_line(const LineId& id, const Report& report) {
  if (auto checked = check_report(report); !checked) return fail(checked.error());
  LineWriter line;
  line.text("id", id.text());
  line.text("action", name(report.action));
  line.text("result", name(report.outcome));
  if (report.error) line.text("error", microstage::name(*report.error));
  if (report.verified != Verified::none) line.text("verified", name(report.verified));
  for (const NumberField& field : kNumbers)
    line.number(field.name, report.*field.field);
  for (const TextField& field : kTexts) {
    const std::string& text = report.*field.field;
    if (text.empty()) continue;
    const std::string flat = field.kind == Kind::prose ? one_line(cut(text, kLongestProse)) : text;
    if (!is_allowed(field, flat)) {
      return fail(ErrorKind::invalid, "a report cannot hold this " + std::string{field.name});
    }
    line.text(field.name, flat);
  }
  return line.finish();
}

Result<SpoolHeader> parse_header(std::string_view line) {
  const auto members = parse_members(line);
  if (!members) return fail(members.error());
  const std::string* spool = members->text("spool");
  if (spool == nullptr || !is_id(*spool)) return wrong("no first line of a spool");
  SpoolHeader header;
  header.spool = *spool;
  if (const auto* time = members->number("time")) header.time_us = *time;
  if (const auto* host = members->text("host")) header.host = one_line(cut(*host, kLongestProse));
  if (const auto* uid = members->number("uid")) header.uid = *uid;
  return header;
}

bool begins_header(std::string_view text) {
  constexpr std::string_view kStart = "{\"v\":1,\"spool\":\"";
  return text.size() < kLongestHeader && text.find('\n') == std::string_view::npos &&
         text.substr(0, kStart.size()) == kStart.substr(0, text.size());
}

Result<SpoolLine> parse_report(std::string_view line) {
  const auto members = parse_members(line);
  if (!members) return fail(members.error());
  const std::string* id_text = members->text("id");
  auto id = parse_id(id_text != nullptr ? *id_text : std::string{});
  if (!id) return failure_of(id);
  SpoolLine parsed{std::move(*id), {}};
  for (const auto read : {read_texts, read_numbers, read_words})
    if (auto done = read(*members, parsed.report); !done) return fail(done.error());
  if (auto checked = check_report(parsed.report); !checked) return fail(checked.error());
  return parsed;
}

}  // namespace microstage::control
