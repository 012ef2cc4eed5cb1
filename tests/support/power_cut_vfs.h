#pragma once
// A file system in memory, as SQLite sees one, that can lose its power: what was written and not synced is
// dropped, or some of it is, torn anywhere. It can also make the n-th operation fail.
//
// One connection at a time: locks are always granted.

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "lib/core/result.h"

struct sqlite3_vfs;

namespace microstage::testing {

class PowerCutVfs {
 public:
  explicit PowerCutVfs(std::string name);
  ~PowerCutVfs();
  PowerCutVfs(const PowerCutVfs&) = delete;
  PowerCutVfs& operator=(const PowerCutVfs&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }

  enum class Trouble {
    cut,   // this and all later operations fail and do nothing, until power_on
    full,  // it fails for want of space; the next ones work again
    fail,  // it fails, a sync too; the next ones work again
  };
  // The n-th operation that changes something (or, for `fail`, that reads too) from now on; 0: none.
  void trouble_at(std::uint64_t n, Trouble trouble);
  [[nodiscard]] bool met() const { return met_; }

  // After a cut, when no connection is open: what is on the medium. Each write that was not synced is lost,
  // or with `seed` not zero by chance kept, kept in part, or lost.
  void power_on(unsigned seed);

  struct Write {
    std::uint64_t offset = 0;
    std::string bytes;
    bool truncates = false;  // to `offset`
  };
  struct File {
    std::string content;
    std::string durable;
    bool durable_name = false;
    bool named = true;
    std::vector<Write> pending;
    std::vector<std::unique_ptr<std::vector<char>>> shared;
  };

  // For the functions that SQLite calls.
  [[nodiscard]] std::shared_ptr<File> file(const std::string& path, bool create);
  [[nodiscard]] bool exists(const std::string& path) const;
  void remove(const std::string& path, bool durably);
  // SQLITE_OK, or the code that the operation has to return without doing anything.
  [[nodiscard]] int change(int failure);
  [[nodiscard]] int read();

 private:
  [[nodiscard]] int next(int failure);

  std::string name_;
  std::unique_ptr<sqlite3_vfs> vfs_;
  std::map<std::string, std::shared_ptr<File>> files_;
  std::uint64_t count_ = 0;
  std::uint64_t trouble_at_ = 0;
  Trouble trouble_ = Trouble::cut;
  bool met_ = false;
  bool dead_ = false;
};

}  // namespace microstage::testing
