#include "daemon/cli/connect.h"

#include <cstdio>
#include <mutex>

#include "daemon/cli/clone.h"
#include "daemon/cli/connect_dataset.h"
#include "daemon/cli/sibling.h"
#include "daemon/cli/storage_remote.h"
#include "daemon/planner/parallel.h"
#include "lib/core/text.h"
#include "lib/fs/file.h"
#include "lib/fs/sharing.h"

namespace microstage::cli {

namespace {

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

// Results as they end, from several threads; the worst of them is the exit status.
class Printer {
 public:
  explicit Printer(const ConnectOptions& options) : options_(options) {}

  void connected(const Connection& connection, const std::string& alias) {
    const std::lock_guard guard(mutex_);
    ++connected_;
    print(options_.json ? json(connection, alias) : line(connection, alias));
  }

  void failed(const std::string& path, const Error& error) {
    const std::lock_guard guard(mutex_);
    const bool named = error.message.find(path) != std::string::npos;
    print_error(named ? error.message : path + ": " + error.message);
    status_ = options_.recursive ? kFailed : exit_status_of(error);
    if (options_.json) print(object(path, "error").text("error", one_line(error.message)).line());
  }

  void skipped(const std::string& path) {
    const std::lock_guard guard(mutex_);
    print(options_.json
              ? object(path, "skipped").text("error", "not installed").line()
              : "skipped " + one_line(path) + "  (not installed; 'datalad get -n' it to connect it)\n");
  }

  void advise() const {
    if (options_.json || connected_ == 0) return;
    if (options_.only_microstage) {
      print(
          "only microstage: a clone on a machine without git-annex-remote-microstage cannot get the "
          "content\n");
    }
    if (!remote_is_in_path()) {
      print_error(
          "git-annex-remote-microstage is not in PATH, where git-annex looks for it; add its directory");
    }
    print("next: datalad push " + std::string{options_.recursive ? "-r " : ""} + "--to " + options_.name +
          "\n");
  }

  [[nodiscard]] ExitStatus status() const { return status_; }

 private:
  static JsonObject object(const std::string& path, std::string_view result) {
    JsonObject json;
    json.text("type", "connect").text("path", path).text("result", result);
    return json;
  }

  [[nodiscard]] std::string json(const Connection& connection, const std::string& alias) const {
    return object(connection.path, connection.changes.empty() ? "unchanged" : "connected")
        .text("dataset", connection.id)
        .text("to", connection.place)
        .text_unless_empty("alias", alias)
        .text("sibling", options_.name)
        .text("storage", connection.storage)
        .text_unless_empty("ora", connection.ora)
        .text("uuid", connection.uuid)
        .texts("changes", connection.changes)
        .line();
  }

  [[nodiscard]] static std::string line(const Connection& connection, const std::string& alias) {
    std::string text = connection.changes.empty() ? "already connected " : "connected ";
    text += one_line(connection.path) + " -> " + one_line(connection.place);
    if (!alias.empty()) text += "  (alias " + alias + ")";
    return text + "\n";
  }

  const ConnectOptions& options_;
  std::mutex mutex_;
  std::size_t connected_ = 0;
  ExitStatus status_ = kDone;
};

struct Subdataset {
  std::string path;  // absolute
  bool installed = false;
};

bool is_installed(const std::string& path) {
  return fs::File::open(fs::posix_file_ops(), path + "/.git", O_PATH).has_value();
}

// The gitlinks in the index of `dataset` and of all installed ones below, parents before children. None of
// somebody else's dataset, which git is not let near.
Status append_subdatasets(const std::string& dataset, std::vector<Subdataset>& found) {
  if (!check_owner(dataset)) return {};  // connecting it says why
  const auto index = Git(dataset).output({"ls-files", "--stage", "-z"});
  if (!index) return fail(index.error());
  for (std::string_view entry : split(*index, '\0')) {
    if (!consume_prefix(entry, "160000 ")) continue;
    const std::string path = dataset + "/" + std::string{entry.substr(entry.find('\t') + 1)};
    found.push_back({path, is_installed(path)});
    if (!found.back().installed) continue;
    if (auto below = append_subdatasets(path, found); !below) return below;
  }
  return {};
}

struct Task {
  std::string path;
  bool top = false;
};

void connect_all(const std::vector<Task>& tasks, const ConnectRequest& request, unsigned jobs,
                 Printer& printer) {
  planner::in_parallel(tasks.size(), jobs, [&](std::size_t i) {
    ConnectRequest one = request;
    one.dataset = tasks[i].path;
    if (!tasks[i].top) one.alias.reset();
    const auto connection = connect_dataset(one);
    if (connection) printer.connected(*connection, one.alias ? one.alias->text() : "");
    if (!connection) printer.failed(one.dataset, connection.error());
  });
}

Result<ConnectRequest> parse(const ConnectOptions& options) {
  ConnectRequest request;
  auto store = store_path_of(options.store);
  if (!store) return failure_of(store);
  request.store_path = std::move(*store);
  if (auto named = check_remote_name(options.name); !named) return fail(named.error());
  request.sibling = options.name;
  if (!options.alias.empty()) {
    auto alias = Alias::parse(options.alias);
    if (!alias) return failure_of(alias);
    request.alias = std::move(*alias);
  }
  if (!options.shared.empty()) {
    if (!fs::Sharing::parse(options.shared)) {
      return fail(ErrorKind::invalid, "--shared takes group, all, false or an octal mode like 0660, not '" +
                                          options.shared + "'");
    }
    request.sharing = options.shared == "false" ? "" : options.shared;
  }
  request.verify_once = options.verify_once;
  request.only_microstage = options.only_microstage;
  request.http = options.http;
  return request;
}

}  // namespace

ExitStatus run_connect(const ConnectOptions& options) {
  const auto request = parse(options);
  if (!request) {
    print_error(request.error().message);
    return kUsage;
  }
  Printer printer(options);
  const std::string top = absolute_path(options.dataset);
  std::vector<Task> tasks{{top, true}};
  if (options.recursive) {
    std::vector<Subdataset> found;
    if (auto listed = append_subdatasets(top, found); !listed) {
      printer.failed(top, listed.error());
      return kFailed;
    }
    for (const Subdataset& subdataset : found) {
      if (subdataset.installed) tasks.push_back({subdataset.path, false});
      if (!subdataset.installed) printer.skipped(subdataset.path);
    }
  }
  connect_all(tasks, *request, options.jobs, printer);
  printer.advise();
  return printer.status();
}

}  // namespace microstage::cli
