#include "remote/reporter.h"

#include <system_error>
#include <vector>

#include "lib/control/spool.h"

namespace microstage::remote {

namespace {

// More than this many wait only where a file system hangs; then the newest go unrecorded.
constexpr std::size_t kMostWaiting = 10'000;
// Reports of small files come in crowds: one write takes those of this time.
constexpr std::chrono::milliseconds kLinger{10};
constexpr std::size_t kCrowd = 100;

}  // namespace

// The spools of one process: the site's, and the user's own for what that does not take.
class Reporter::Writer {
 public:
  Writer(fs::FileOps& ops, const control::SpoolPlace& place) : wanted_(!place.site.empty()) {
    const control::Reporting who = control::this_reporting();
    if (wanted_) spools_.emplace_back(ops, place.site, false, who);
    if (!place.own.empty()) spools_.emplace_back(ops, place.own, true, who);
  }

  [[nodiscard]] bool wanted() const { return wanted_; }

  // False when they went nowhere. `trouble` is what is wrong with the first place, also where they found
  // another.
  [[nodiscard]] bool write(std::span<const control::Report> reports, std::optional<Error>& trouble) {
    if (spools_.empty())
      trouble = Error{ErrorKind::not_found, "there is no home directory and no site's spool", 0};
    for (control::Spool& spool : spools_) {
      const auto written = spool.append(reports);
      if (written) return true;
      if (!trouble) trouble = written.error();
    }
    return false;
  }

 private:
  const bool wanted_;
  std::vector<control::Spool> spools_;
};

Reporter::Reporter(fs::FileOps& ops) : ops_(ops) {}

Reporter::~Reporter() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = hurry_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Reporter::begin(const Result<control::SpoolPlace>& place) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(begun_, true)) return;
  if (!place) trouble_ = SpoolTrouble{"transfers are not recorded: " + place.error().message, true};
  if (!place || place->off) return;
  busy_ = true;
  writer_ = std::make_unique<Writer>(ops_, *place);
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {
    trouble_ = SpoolTrouble{
        "transfers are not recorded: this machine lets us start no thread (see ulimit -u)", false};
    writer_.reset();
    busy_ = false;
  }
}

bool Reporter::begun() {
  const std::lock_guard lock(mutex_);
  return begun_;
}

void Reporter::add(control::Report report) {
  bool news = false;
  {
    const std::lock_guard lock(mutex_);
    if (!writer_ || waiting_.size() >= kMostWaiting) return;
    waiting_.push_back(std::move(report));
    news = waiting_.size() == 1 || waiting_.size() == kCrowd;
  }
  if (news) changed_.notify_all();
}

void Reporter::run() {
  write({});
  std::unique_lock lock(mutex_);
  for (;;) {
    busy_ = false;
    changed_.notify_all();
    changed_.wait(lock, [&] { return ended_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    changed_.wait_for(lock, kLinger, [&] { return hurry_ || waiting_.size() >= kCrowd; });
    auto reports = std::exchange(waiting_, {});
    busy_ = true;
    lock.unlock();
    write(std::move(reports));
    lock.lock();
  }
}

void Reporter::write(std::deque<control::Report> reports) {
  const std::vector<control::Report> all{std::make_move_iterator(reports.begin()),
                                         std::make_move_iterator(reports.end())};
  std::optional<Error> trouble;
  if (!writer_->write(all, trouble) && all.size() > 1) {
    // One that no line can hold must not take the others with it.
    for (std::size_t i = 0; i < all.size(); ++i)
      [[maybe_unused]] const bool written = writer_->write(std::span(all).subspan(i, 1), trouble);
  }
  const std::lock_guard lock(mutex_);
  if (!trouble || trouble_) return;
  trouble_ = SpoolTrouble{"transfers go on, but are not recorded where they should be: " + trouble->message,
                          writer_->wanted()};
}

std::optional<SpoolTrouble> Reporter::take_trouble() {
  const std::lock_guard lock(mutex_);
  if (!trouble_ || std::exchange(told_, true)) return std::nullopt;
  return trouble_;
}

bool Reporter::drain(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  hurry_ = true;
  changed_.notify_all();
  const bool drained = changed_.wait_for(lock, patience, [&] { return waiting_.empty() && !busy_; });
  hurry_ = ended_;
  return drained;
}

}  // namespace microstage::remote
