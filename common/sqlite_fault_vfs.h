// A SQLite VFS for tests: passes everything to the system's VFS, counts writes and syncs, and fails them on demand.
//
//   SqliteFaultVfs vfs("faults");
//   options.vfs = vfs.name();       // SqliteDatabase::Options
//   vfs.FailSyncs(1, SQLITE_IOERR_FSYNC);
//
// Threading: every method from any thread. Must outlive every database opened through it.
#ifndef MUSTER_COMMON_SQLITE_FAULT_VFS_H_
#define MUSTER_COMMON_SQLITE_FAULT_VFS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

struct sqlite3_vfs;

namespace muster {

class SqliteFaultVfs {
 public:
  // Counts one kind of operation, and fails the `nth` from now on.
  class Meter {
   public:
    int64_t count() const { return count_.load(); }
    // Counts one operation; the SQLite code to fail with, or 0.
    int Pass();
    void FailFrom(int64_t nth, int code);
    void Heal() { FailFrom(0, 0); }

   private:
    std::atomic<int64_t> count_ = 0;
    std::atomic<int64_t> left_ = 0;  // Operations until the first that fails; meaningless while code_ is 0.
    std::atomic<int> code_ = 0;
  };

  // Registers under `name`, which must be unique among the live ones.
  explicit SqliteFaultVfs(std::string name);
  SqliteFaultVfs(const SqliteFaultVfs&) = delete;
  SqliteFaultVfs& operator=(const SqliteFaultVfs&) = delete;
  ~SqliteFaultVfs();

  const std::string& name() const { return name_; }
  int64_t writes() const { return write_meter_.count(); }
  int64_t syncs() const { return sync_meter_.count(); }

  // The `nth` write (sync) from now, counted from 1, and every one after it fails with `code`, having done nothing.
  void FailWrites(int64_t nth, int code) { write_meter_.FailFrom(nth, code); }
  void FailSyncs(int64_t nth, int code) { sync_meter_.FailFrom(nth, code); }
  // Nothing fails any more.
  void Heal();

  Meter* write_meter() { return &write_meter_; }
  Meter* sync_meter() { return &sync_meter_; }

 private:
  const std::string name_;
  Meter write_meter_;
  Meter sync_meter_;
  const std::unique_ptr<sqlite3_vfs> vfs_;
};

}  // namespace muster

#endif  // MUSTER_COMMON_SQLITE_FAULT_VFS_H_
