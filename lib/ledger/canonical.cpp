#include "lib/ledger/canonical.h"

#include "lib/ledger/catalogue.h"

namespace microstage::ledger {

namespace {

constexpr unsigned char kVersion = 1;

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U)
    out += static_cast<char>((value & 0x7fU) | 0x80U);
  out += static_cast<char>(value);
}

void append_text(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out += text;
}

void append_field(std::string& out, const FieldSpec& spec, const Event& event) {
  if (!spec.present(event)) return;
  out += static_cast<char>(spec.field);
  if (spec.text != nullptr) {
    append_text(out, event.*spec.text);
  } else {
    append_varint(out, *(event.*spec.number));
  }
}

bool is_rare(const FieldSpec& spec) {
  return spec.kind == FieldKind::rare_text || spec.kind == FieldKind::rare_number;
}

// Takes values from the front of some bytes; after the first failure everything fails.
class Input {
 public:
  explicit Input(std::string_view bytes) : left_(bytes) {}

  [[nodiscard]] bool empty() const { return left_.empty(); }
  [[nodiscard]] bool good() const { return good_; }

  std::uint64_t byte() { return left_.empty() ? broken() : take(); }

  // Only the shortest form of a number is a number.
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !left_.empty(); shift += 7) {
      const std::uint64_t next = take();
      if (shift == 63 && next > 1) return broken();
      value |= (next & 0x7fU) << shift;
      if (next < 0x80) return next == 0 && shift > 0 ? broken() : value;
    }
    return broken();
  }

  std::string_view text() {
    const std::uint64_t size = varint();
    if (!good_ || size > left_.size()) {
      broken();
      return {};
    }
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }

 private:
  std::uint64_t take() {
    const auto first = static_cast<unsigned char>(left_.front());
    left_.remove_prefix(1);
    return first;
  }
  std::uint64_t broken() {
    good_ = false;
    left_ = {};
    return 0;
  }

  std::string_view left_;
  bool good_ = true;
};

Status damaged(std::string_view what) {
  return fail(ErrorKind::integrity, "the bytes of an event are damaged: " + std::string{what});
}

// Fields by ascending number to the end of the input.
Status parse_fields(Input& input, bool rare_only, Event& event) {
  std::uint64_t last = 0;
  while (!input.empty()) {
    const std::uint64_t number = input.byte();
    const FieldSpec* spec = find_field(number);
    if (spec == nullptr || number <= last || (rare_only && !is_rare(*spec))) return damaged("field order");
    last = number;
    if (spec->text == nullptr) {
      event.*spec->number = input.varint();
    } else {
      event.*spec->text = input.text();
      if ((event.*spec->text).empty()) return damaged("an empty text");
    }
  }
  if (!input.good()) return damaged("a value");
  return {};
}

const TypeSpec* find_version(std::string_view name, std::uint64_t version) {
  for (const TypeSpec& spec : types())
    if (spec.name == name && spec.version == version) return &spec;
  return nullptr;
}

}  // namespace

void append_canonical(std::string& out, std::uint64_t seq, const Event& event) {
  const TypeSpec& type = *find_type(event.type);
  out += static_cast<char>(kVersion);
  append_varint(out, seq);
  append_varint(out, static_cast<std::uint64_t>(event.time));
  append_text(out, type.name);
  append_varint(out, type.version);
  for (const FieldSpec& spec : fields())
    append_field(out, spec, event);
}

Result<std::pair<std::uint64_t, Event>> parse_canonical(std::string_view bytes) {
  Input input(bytes);
  Event event;
  if (input.byte() != kVersion) return fail(damaged("version").error());
  const std::uint64_t seq = input.varint();
  event.time = static_cast<std::int64_t>(input.varint());
  const std::string_view name = input.text();
  const TypeSpec* type = find_version(name, input.varint());
  if (!input.good() || type == nullptr || event.time < 0) return fail(damaged("head").error());
  event.type = type->type;
  if (auto parsed = parse_fields(input, false, event); !parsed) return fail(parsed.error());
  return std::pair(seq, std::move(event));
}

void append_detail(std::string& out, const Event& event) {
  for (const FieldSpec& spec : fields())
    if (is_rare(spec)) append_field(out, spec, event);
}

Status parse_detail(std::string_view bytes, Event& event) {
  Input input(bytes);
  return parse_fields(input, true, event);
}

}  // namespace microstage::ledger
