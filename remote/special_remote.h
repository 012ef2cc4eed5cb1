#pragma once
// Serves git-annex's requests from a RIA store or a file tree: the meaning of each request, without protocol
// or threads.
//
// Threads: serve() may run in several threads at once, one per request; git-annex never has two requests for
// one key of one remote outstanding.

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "lib/control/report.h"
#include "lib/fs/file_ops.h"
#include "lib/store/export_tree.h"
#include "lib/store/ria_dataset.h"
#include "lib/transfer/rate_limit.h"
#include "remote/conversation.h"
#include "remote/damage_marks.h"
#include "remote/directory_watch.h"
#include "remote/http_store.h"
#include "remote/key_memory.h"
#include "remote/reporter.h"
#include "remote/settings.h"

namespace microstage::remote {

class SpecialRemote {
 public:
  explicit SpecialRemote(fs::FileOps& ops) : ops_(ops), reporter_(ops) {}
  ~SpecialRemote();  // tidies the directory of partial retrieves
  SpecialRemote(const SpecialRemote&) = delete;
  SpecialRemote& operator=(const SpecialRemote&) = delete;

  // The lines that answer the request. Never throws for what files, stores or configurations do.
  [[nodiscard]] std::vector<std::string> serve(const Request& request, Conversation& conversation);

  // False when what was done is not recorded in that time.
  [[nodiscard]] bool drain_reports(std::chrono::milliseconds patience) { return reporter_.drain(patience); }

 private:
  enum class Access { read, write };

  // What the answer is made of; `report` says afterwards what was moved or removed.
  [[nodiscard]] std::vector<std::string> answer_to(const Request& request, Conversation& conversation,
                                                   control::Report& report);
  [[nodiscard]] Status init_remote(Conversation& conversation);
  [[nodiscard]] Status prepare(Conversation& conversation);
  [[nodiscard]] Status store(const Request& request, Conversation& conversation, control::Report& report);
  [[nodiscard]] Status retrieve(const Request& request, Conversation& conversation, control::Report& report);
  [[nodiscard]] std::string check_present(const Request& request, Conversation& conversation);
  [[nodiscard]] Status remove(const Request& request, Conversation& conversation);
  [[nodiscard]] std::string where_is(const Request& request);
  [[nodiscard]] unsigned cost();
  [[nodiscard]] Availability availability(const Conversation& conversation);
  [[nodiscard]] std::vector<InfoField> info();

  // A remote that keeps a file tree; export_requests.cpp.
  [[nodiscard]] std::vector<std::string> serve_tree(const Request& request, const CommittedSettings& known,
                                                    Conversation& conversation, control::Report& report);
  [[nodiscard]] Result<bool> export_supported(Conversation& conversation);
  [[nodiscard]] Result<std::shared_ptr<store::ExportTree>> tree(const CommittedSettings& known);
  [[nodiscard]] Status store_in_tree(const Request& request, store::ExportTree& to,
                                     Conversation& conversation, control::Report& report);
  [[nodiscard]] Status retrieve_from_tree(const Request& request, store::ExportTree& from,
                                          Conversation& conversation, control::Report& report);
  [[nodiscard]] std::string check_tree(const Request& request, store::ExportTree& where,
                                       const Conversation& conversation);
  [[nodiscard]] Status remove_left_behind(const annex::Key& key, store::ExportTree& where,
                                          Conversation& conversation);
  // A change of the tree did not happen, and git-annex goes on with what builds on it.
  [[nodiscard]] Status note_change(Status done);
  [[nodiscard]] Status remove_from_tree(const Request& request, store::ExportTree& where,
                                        Conversation& conversation);
  [[nodiscard]] Status rename_in_tree(const Request& request, store::ExportTree& where,
                                      Conversation& conversation);
  [[nodiscard]] Status remove_directory_of_tree(const Request& request, store::ExportTree& where,
                                                Conversation& conversation);
  [[nodiscard]] std::vector<InfoField> tree_info(const CommittedSettings& known);

  // Brings the bytes to the path that git-annex named, as it verifies them there; refuses what nobody could
  // verify.
  [[nodiscard]] Status deliver_to_annex(const annex::Key& key, const std::string& file,
                                        transfer::Source& source, Conversation& conversation,
                                        control::Report& report);
  [[nodiscard]] Result<const GitConfig*> git_config();
  [[nodiscard]] Result<store::RiaUrl> url(Access access);
  // Opened at first need; a failure is tried again at the next, for the store may have been mounted
  // meanwhile.
  [[nodiscard]] Result<std::shared_ptr<store::ReadableDataset>> readable_dataset();
  [[nodiscard]] Result<std::shared_ptr<store::RiaDataset>> writable_dataset();
  [[nodiscard]] Result<std::shared_ptr<store::ReadableDataset>> open_for_reading();
  [[nodiscard]] Result<std::shared_ptr<store::RiaDataset>> open_dataset(Access access);

  [[nodiscard]] std::string reply(const Request& request, const Status& status);
  // The same for a request that is recorded.
  [[nodiscard]] std::string reply(const Request& request, const Status& status, control::Report& report);
  // Reports; reports.cpp.
  [[nodiscard]] bool begin_reports();  // false: it is not known whether and where to
  void tell_trouble(Conversation& conversation);
  // In the store, where it asks for that.
  void log_failure(const Request& request, const std::string& what);
  // The answer where presence could not be found out. git-annex shows the reason nowhere, so we do.
  [[nodiscard]] std::string unknown(const Request& request, const Error& error, Conversation& conversation);
  void forget_if_stale(const Error& error);  // what is open of a store that went away
  [[nodiscard]] static Result<std::string> private_directory(const CommittedSettings& settings);

  // What PREPARE or INITREMOTE learned; an error before that.
  [[nodiscard]] Result<std::shared_ptr<const CommittedSettings>> settings();

  // An object came out damaged: reads it once more, and moves it out of the way when that says the same.
  // Returns the error to report.
  [[nodiscard]] Error handle_damage(const annex::Key& key, const store::StoredObject& object, Error found,
                                    Conversation& conversation);
  // The same for one in an archive, where nothing can be moved: it is noted in the store, or else in the
  // clone.
  [[nodiscard]] Error damaged_member(const annex::Key& key, const store::StoredObject& object, Error found);
  // Notes what could not be read of an object, where that says something about it. Returns the error to
  // report.
  [[nodiscard]] Error note_unreadable(const annex::Key& key, const std::optional<fs::FileStatus>& holder,
                                      const ObjectPart& part, Error error);
  // What speaks against the object that is there now; a part that could not be read is tried again.
  [[nodiscard]] std::optional<DamageMark> known_damage(const annex::Key& key);
  [[nodiscard]] bool reads_again(const annex::Key& key, const ObjectPart& part);
  [[nodiscard]] std::string no_copy(const Request& request, const DamageMark& damage,
                                    const store::ReadableDataset& where, Conversation& conversation);
  [[nodiscard]] DamageMarks& damage_marks();
  [[nodiscard]] Result<transfer::RateLimiter*> limiter();  // null: no limit is set
  // How something is to be stored, as this remote is configured.
  [[nodiscard]] Result<store::TransferControl> store_control(Conversation& conversation,
                                                             control::Report& told);

  fs::FileOps& ops_;
  Reporter reporter_;
  KeyMemory memory_;
  HttpStore http_;
  DirectoryWatch watch_;
  // Whether names of a tree can be trusted to hold what git-annex thinks, but for what people do. A process
  // that takes the place of one that died is told by this: git-annex asks only the first for EXPORTSUPPORTED.
  std::atomic<bool> tree_settled_ = false;

  std::mutex mutex_;  // guards what follows
  std::shared_ptr<const CommittedSettings> settings_;
  std::unique_ptr<GitConfig> git_config_;
  std::optional<control::Report> origin_;  // what all reports have in common; the store's URL for writing
  std::string read_url_;
  std::unique_ptr<DamageMarks> damage_marks_;
  std::unique_ptr<transfer::RateLimiter> limiter_;
  std::shared_ptr<store::ReadableDataset> read_dataset_;
  std::shared_ptr<store::RiaDataset> write_dataset_;
  std::string told_;  // why presence was last unknown: one line for all keys of a section
  std::shared_ptr<store::ExportTree> tree_;
};

}  // namespace microstage::remote
