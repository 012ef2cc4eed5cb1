#include "daemon/cli/storage_remote.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>

#include "lib/core/text.h"

namespace microstage::cli {

namespace {

constexpr const char* kProgram = "git-annex-remote-microstage";
// Beside the directory of our programs: there ours has ORA's name too.
constexpr const char* kOraCompat = "../libexec/microstage/ora-compat";

bool is_executable(const std::string& path) {
  std::error_code none;
  return ::access(path.c_str(), X_OK) == 0 && std::filesystem::is_regular_file(path, none);
}

std::string find_in_path() {
  const char* path = std::getenv("PATH");
  for (const std::string_view directory : split(path == nullptr ? "" : path, ':')) {
    const std::string candidate = std::string{directory.empty() ? "." : directory} + "/" + kProgram;
    if (is_executable(candidate)) return std::filesystem::absolute(candidate).string();
  }
  return {};
}

// Beside this program, or else in PATH.
Result<std::string> find_remote_program() {
  std::error_code none;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", none);
  const std::string beside = (self.parent_path() / kProgram).string();
  if (!none && is_executable(beside)) return beside;
  std::string found = find_in_path();
  if (found.empty()) {
    return fail(ErrorKind::not_found,
                std::string{kProgram} + " is neither beside this program nor in PATH; install it");
  }
  return found;
}

// A directory in which our program is called by both names: it stands in for ORA while that entry is made, so
// that DataLad need not be installed (and its start-up is not waited for).
Result<std::string> find_stand_in() {
  const auto program = find_remote_program();
  if (!program) return fail(program.error());
  std::error_code none;
  const auto real = std::filesystem::canonical(*program, none);
  const std::string directory = (real.parent_path() / kOraCompat).lexically_normal().string();
  for (const std::string name : {kProgram, "git-annex-remote-ora"}) {
    const std::string link = directory + "/" + name;
    if (is_executable(link)) continue;
    return fail(ErrorKind::not_found,
                link + " is missing, which is installed with " + *program + "; install microstage anew");
  }
  return directory;
}

// Errors of verify-once: git-annex's own check is off, so the remote must be able to hash each whole key.
Status check_verifiable(const SpecialRemote& remote) {
  const std::string encryption = remote.field("encryption");
  const bool chunked = !remote.field("chunk").empty() || !remote.field("chunksize").empty();
  if (!chunked && (encryption.empty() || encryption == "none")) return {};
  return fail(ErrorKind::invalid, "--verify-once needs whole, plain keys, but " + remote.name() + " has " +
                                      (chunked ? "chunk=" + remote.field("chunk") + remote.field("chunksize")
                                               : "encryption=" + encryption) +
                                      "; connect without --verify-once");
}

std::string free_name(const Clone& clone, const SpecialRemotes& remotes, const std::string& wanted) {
  const bool recorded =
      std::any_of(remotes.begin(), remotes.end(), [&](const SpecialRemote& r) { return r.name() == wanted; });
  // Without a URL it is what an interrupted initremote left, see remove_leftover.
  const bool configured = !clone.config.value("remote." + wanted + ".url").value_or("").empty();
  return recorded || configured ? std::string{} : wanted;
}

Result<std::string> new_name(const Clone& clone, const SpecialRemotes& remotes, const std::string& wanted) {
  std::string name = free_name(clone, remotes, wanted);
  if (name.empty()) {
    return fail(ErrorKind::invalid, clone.path + " already has a remote " + wanted +
                                        " that does not lead to this store; choose another with --name");
  }
  return name;
}

// What other clones have recorded becomes arguments of git-annex and text of git's configuration.
Status check_record(const Clone& clone, const SpecialRemote& remote) {
  const auto odd = [](unsigned char c) { return c <= ' ' || c == 0x7f; };
  const auto hexadecimal = [](unsigned char c) { return std::isxdigit(c) != 0 || c == '-'; };
  const std::string name = remote.name();
  const std::string uuid = remote.uuid();
  if (name.empty() || name.starts_with('-') || std::any_of(name.begin(), name.end(), odd)) {
    return fail(ErrorKind::invalid, clone.path + ": the git-annex branch records the storage remote " + uuid +
                                        " under the name '" + name +
                                        "', which no command can be given; rename it with 'git annex "
                                        "renameremote'");
  }
  if (uuid.starts_with('-') || !std::all_of(uuid.begin(), uuid.end(), hexadecimal)) {
    return fail(ErrorKind::invalid, clone.path + ": the git-annex branch records the storage remote " + name +
                                        " with the uuid '" + uuid + "', which is none");
  }
  return {};
}

Error unknown_uuid(const Clone& clone, const std::string& uuid, const std::string& url) {
  return {ErrorKind::invalid,
          clone.path + " does not know the storage remote " + uuid + " that the store " + url +
              " already has for this dataset; fetch the git-annex branch from a clone that was connected "
              "(datalad update, "
              "or git fetch and git annex merge), then connect again",
          0};
}

// The parameters by which both ORA and we find the dataset.
Arguments parameters(const Clone& clone, const StoragePlan& plan, const char* type) {
  return {"type=external", std::string{"externaltype="} + type, "autoenable=true", "url=" + plan.url,
          "archive-id=" + clone.id.text()};
}

bool is_enabled(const GitConfig& config, const std::string& name, const std::string& uuid) {
  return config.value("remote." + name + ".annex-uuid").value_or("") == uuid;
}

// An initremote that was killed leaves a section that would make the next one refuse the name.
Status remove_leftover(const Clone& clone, const std::string& name) {
  if (!clone.config.has_section("remote." + name + ".")) return {};
  const auto removed = clone.git().output({"config", "--local", "--remove-section", "remote." + name});
  if (!removed) return fail(removed.error());
  return {};
}

Status init_ours(const Clone& clone, const StoragePlan& plan, const std::string& path) {
  if (auto removed = remove_leftover(clone, plan.ours); !removed) return removed;
  Arguments arguments{"initremote", plan.ours};
  if (plan.owner == plan.ours) {
    arguments.emplace_back("encryption=none");
  } else {
    arguments.push_back("--sameas=" + plan.owner);
  }
  const Arguments rest = parameters(clone, plan, "microstage");
  arguments.insert(arguments.end(), rest.begin(), rest.end());
  return clone.git().annex(arguments, path);
}

Status init_ora(const Clone& clone, const StoragePlan& plan, const std::string& path) {
  if (auto removed = remove_leftover(clone, plan.ora); !removed) return removed;
  Arguments arguments{"initremote", plan.ora, "--sameas=" + plan.owner};
  const Arguments rest = parameters(clone, plan, "ora");
  arguments.insert(arguments.end(), rest.begin(), rest.end());
  return clone.git().annex(arguments, path);
}

// Another mount point than the one on record: a local override, as DataLad sets it, and never a new record. A
// remote that was enabled automatically needs it too. True: it was set now.
Result<bool> override_url(const Clone& clone, const StoragePlan& plan, const std::string& name) {
  const std::string variable = "remote." + name + ".ora-url";
  if (!plan.other_url || clone.config.value(variable).value_or("") == plan.url) return false;
  if (auto set = clone.git().set_config(variable, plan.url); !set) return fail(set.error());
  return true;
}

Result<std::string> recorded_uuid(const Clone& clone, const StoragePlan& plan) {
  const auto config = clone.git().config();
  if (!config) return fail(config.error());
  std::string uuid = config->value("remote." + plan.owner + ".annex-uuid").value_or("");
  if (uuid.empty()) {
    return fail(ErrorKind::bug,
                "git annex set no uuid for " + plan.owner + " in " + clone.path + "; connect again");
  }
  return uuid;
}

}  // namespace

bool remote_is_in_path() {
  return !find_in_path().empty();
}

Result<StoragePlan> plan_storage(const Clone& clone, const SpecialRemotes& remotes,
                                 const std::string& store_uuid, const StorageWishes& wishes) {
  StoragePlan plan;
  plan.url = wishes.url;
  plan.uuid = store_uuid.empty() ? find_storage(remotes, wishes.url, clone.id) : store_uuid;
  const SpecialRemotes entries = with_uuid(remotes, plan.uuid);
  if (!plan.uuid.empty() && (entries.empty() || entries.front().is_sameas()))
    return fail(unknown_uuid(clone, plan.uuid, wishes.url));
  for (const SpecialRemote& entry : entries) {
    if (auto checked = check_record(clone, entry); !checked) return fail(checked.error());
    if (!entry.is_sameas()) plan.owner = entry.name();
    if (entry.type() == "microstage" && plan.ours.empty()) plan.ours = entry.name();
    if (entry.type() == "ora" && plan.ora.empty()) plan.ora = entry.name();
  }
  if (!entries.empty()) {
    const std::string recorded = entries.front().field("url");
    plan.other_url = find_storage({entries.front()}, wishes.url, clone.id).empty() && !recorded.empty();
    if (wishes.verify_once)
      if (auto verifiable = check_verifiable(entries.front()); !verifiable) return fail(verifiable.error());
  }
  plan.ours_recorded = !plan.ours.empty();
  plan.ora_recorded = !plan.ora.empty();
  if (!plan.ours_recorded) {
    auto name = new_name(clone, remotes, wishes.sibling + (plan.ora_recorded ? "-microstage" : "-storage"));
    if (!name) return failure_of(name);
    plan.ours = std::move(*name);
    if (plan.owner.empty()) plan.owner = plan.ours;
  }
  if (!plan.ora_recorded && wishes.with_ora) {
    auto name = new_name(clone, remotes, wishes.sibling + "-ora");
    if (!name) return failure_of(name);
    plan.ora = std::move(*name);
  }
  return plan;
}

Result<std::vector<std::string>> apply_storage(const Clone& clone, StoragePlan& plan) {
  const auto stand_in = find_stand_in();
  if (!stand_in) return fail(stand_in.error());
  std::vector<std::string> done;
  const auto ensure = [&](const std::string& name, bool recorded, auto init) -> Status {
    if (name.empty()) return {};
    if (!recorded) {
      done.push_back("made " + name);
      return init(clone, plan, *stand_in);
    }
    const auto overridden = override_url(clone, plan, name);
    if (!overridden) return fail(overridden.error());
    if (*overridden) done.push_back("redirected " + name);
    if (is_enabled(clone.config, name, plan.uuid)) return {};
    done.push_back("enabled " + name);
    return clone.git().annex({"enableremote", name}, *stand_in);
  };
  // The owner of the uuid first: the other is the same as it.
  const bool ora_first = plan.owner == plan.ora;
  const auto ours = [&] { return ensure(plan.ours, plan.ours_recorded, init_ours); };
  const auto ora = [&] { return ensure(plan.ora, plan.ora_recorded, init_ora); };
  if (auto first = ora_first ? ora() : ours(); !first) return fail(first.error());
  if (auto second = ora_first ? ours() : ora(); !second) return fail(second.error());
  if (plan.uuid.empty()) {
    auto uuid = recorded_uuid(clone, plan);
    if (!uuid) return failure_of(uuid);
    plan.uuid = std::move(*uuid);
  }
  return done;
}

}  // namespace microstage::cli
