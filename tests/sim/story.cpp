#include "tests/sim/story.h"

#include <array>
#include <cstdio>

#include "lib/ledger/catalogue.h"

namespace microstage::sim {
namespace {

std::string text(std::uint64_t number) {
  return std::to_string(number);
}
std::string list(const std::vector<std::string>& names) {
  std::string words;
  for (const std::string& one : names)
    words += (words.empty() ? "" : " ") + one;
  return "[" + words + "]";
}
std::string kind(const std::optional<Error>& error) {
  return error ? " error " + std::string{name(error->kind)} : "";
}

struct Words {
  std::string operator()(const core::Submit& it) const {
    std::string words = "submit " + it.request + " of " + it.actor + ": " + std::string{name(it.action)};
    for (const core::WantedDataset& one : it.datasets)
      words += " " + one.dataset + "(" + one.from + ">" + one.to + ")";
    if (it.priority != core::Priority::normal) words += " " + std::string{name(it.priority)};
    if (it.pin != core::Duration{}) words += " and pin";
    return words + (it.deadline ? " by " + clock_text(*it.deadline) : "");
  }
  std::string operator()(const core::Cancel& it) const { return "cancel " + it.request + " of " + it.actor; }
  std::string operator()(const core::Planned& it) const {
    std::vector<std::string> keys;
    for (const core::PlannedTransfer& one : it.transfers)
      keys.push_back(one.key + (one.there ? "(there)" : ""));
    return "planned " + it.job + " number " + text(it.plan) + ": " + list(keys);
  }
  std::string operator()(const core::PlanFailed& it) const {
    return "plan failed " + it.job + " number " + text(it.plan) + kind(it.error);
  }
  std::string operator()(const core::MoverIdle& it) const {
    return "idle " + it.mover + " last token " + text(it.last_token);
  }
  std::string operator()(const core::MoverGone& it) const { return "gone " + it.mover; }
  std::string operator()(const core::Heartbeat& it) const {
    return "heartbeat " + it.mover + " token " + text(it.token);
  }
  std::string operator()(const core::GiveBack& it) const {
    std::vector<std::string> failed;
    for (const core::FailedKey& one : it.failed)
      failed.push_back(one.key + " " + std::string{name(one.error.kind)});
    std::vector<std::string> there;
    for (const core::SeenKey& one : it.there)
      there.push_back(one.key);
    return "give back " + it.mover + " token " + text(it.token) + " there " + list(there) + " failed " +
           list(failed) + kind(it.error);
  }
  std::string operator()(const core::AskGrant& it) const {
    return "ask grant " + text(it.grant) + " token " + text(it.token) + " of " + it.actor + ": " + it.key +
           " " + it.from + ">" + it.to + (it.moving ? ", moving already" : "");
  }
  std::string operator()(const core::GrantProgress& it) const {
    return "progress of grant " + text(it.grant);
  }
  std::string operator()(const core::EndGrant& it) const {
    return "end of grant " + text(it.grant) + kind(it.error);
  }
  std::string operator()(const core::GrantGone& it) const { return "grant gone " + text(it.grant); }
  std::string operator()(const core::Pin& it) const {
    return "pin " + it.pin + " of " + it.actor + ": " + it.dataset + " on " + it.tier;
  }
  std::string operator()(const core::Unpin& it) const { return "unpin " + it.pin; }
  std::string operator()(const core::Resume& it) const { return "resume " + it.job + it.cause; }
  std::string operator()(const core::TierSeen& it) const {
    return "tier " + it.tier + " has " + text(it.free_bytes >> 30U) + " GiB and " + text(it.free_inodes) +
           " inodes";
  }

  std::string operator()(const core::PlanJob& it) const {
    return "plan " + it.job + " number " + text(it.plan);
  }
  std::string operator()(const core::GiveLease& it) const {
    return "give lease " + text(it.token) + " to " + it.mover + ": " + it.job + " " +
           std::string{name(it.action)} + " " + it.dataset + " move " + list(it.move) + " look " +
           list(it.look);
  }
  std::string operator()(const core::EndLease& it) const {
    return "end lease " + text(it.token) + " of " + it.mover + (it.at_once ? " at once" : "");
  }
  std::string operator()(const core::Fence& it) const {
    return "fence " + it.mover + " token " + text(it.token);
  }
  std::string operator()(const core::Grant& it) const { return "grant " + text(it.grant); }
  std::string operator()(const core::RefuseGrant& it) const {
    return "refuse grant " + text(it.grant) + kind(it.error) + " " + it.error.message;
  }
};

}  // namespace

std::string describe(const core::Input& input) {
  return std::visit(Words{}, input);
}

std::string describe(const core::Effect& effect) {
  return std::visit(Words{}, effect);
}

std::string describe(const ledger::Event& event) {
  std::string words{ledger::name(event.type)};
  for (const ledger::FieldSpec& field : ledger::fields()) {
    if (!field.present(event)) continue;
    words += " " + std::string{field.name} + "=";
    words += field.text != nullptr ? event.*field.text : text(*(event.*field.number));
  }
  return words;
}

std::string clock_text(core::Time time) {
  const auto since = time - core::from_nanoseconds(1'800'000'000'000'000'000);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
  std::array<char, 40> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%4ld:%02ld:%02ld.%03ld", static_cast<long>(ms / 3'600'000),
                static_cast<long>(ms / 60'000 % 60), static_cast<long>(ms / 1000 % 60),
                static_cast<long>(ms % 1000));
  return buffer.data();
}

}  // namespace microstage::sim
