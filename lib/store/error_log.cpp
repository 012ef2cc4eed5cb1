#include "lib/store/error_log.h"

#include <ctime>
#include <span>

#include "lib/core/text.h"

namespace microstage::store {

namespace {

constexpr char kLogErrors = 'l';

bool asks_for_log(const LayoutVersion& layout) {
  return layout.flags.find(kLogErrors) != std::string::npos;
}

std::string local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm calendar{};
  ::localtime_r(&now, &calendar);
  char text[40];  // NOLINT: strftime wants a plain array
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &calendar)};
}

}  // namespace

Status log_error(fs::FileOps& ops, const std::string& store_path, const DatasetId& dataset,
                 const DatasetId& client, std::string_view what) {
  const auto store = RiaStore::open(ops, store_path, UnknownLayout::assume);
  if (!store) return fail(store.error());
  bool wanted = asks_for_log(store->layout());
  if (!wanted) {
    const auto directory = store->root().open_directory(dataset.store_path());
    const auto layout = directory ? read_layout_version(*directory) : fail(directory.error());
    wanted = layout && asks_for_log(*layout);
  }
  if (!wanted) return {};
  const std::string name = "error_logs/" + dataset.text() + "." + client.text() + ".log";
  // Appended in one write: several programs of one clone may fail at once.
  const auto log = store->root().open_file(name, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK);
  if (!log) return fail(log.error());
  const auto status = log->status();
  if (!status) return fail(status.error());
  if (!status->is_regular()) return fail(ErrorKind::invalid, log->name() + " is no regular file");
  const std::string entry =
      local_time() + ": Error:\nmicrostage " MICROSTAGE_VERSION ": " + one_line(what) + "\n";
  return log->write_at(std::as_bytes(std::span(entry)), status->size);
}

}  // namespace microstage::store
