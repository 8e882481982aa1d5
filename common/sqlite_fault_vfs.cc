#include "common/sqlite_fault_vfs.h"

#include <sqlite3.h>

#include <cstring>
#include <utility>

namespace muster {
namespace {

// What SQLite allocates for each file of ours; the system VFS's own file follows it in memory.
struct FaultFile {
  sqlite3_file base;
  SqliteFaultVfs* vfs;
  sqlite3_file* real;
};

sqlite3_file* Real(sqlite3_file* file) { return reinterpret_cast<FaultFile*>(file)->real; }
SqliteFaultVfs* Vfs(sqlite3_file* file) { return reinterpret_cast<FaultFile*>(file)->vfs; }

int Close(sqlite3_file* file) { return Real(file)->pMethods->xClose(Real(file)); }

int ReadAt(sqlite3_file* file, void* to, int bytes, sqlite3_int64 offset) {
  return Real(file)->pMethods->xRead(Real(file), to, bytes, offset);
}

int WriteAt(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 offset) {
  if (const int code = Vfs(file)->write_meter()->Pass(); code != SQLITE_OK) return code;
  return Real(file)->pMethods->xWrite(Real(file), from, bytes, offset);
}

int Sync(sqlite3_file* file, int flags) {
  if (const int code = Vfs(file)->sync_meter()->Pass(); code != SQLITE_OK) return code;
  return Real(file)->pMethods->xSync(Real(file), flags);
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) { return Real(file)->pMethods->xTruncate(Real(file), size); }
int FileSize(sqlite3_file* file, sqlite3_int64* size) { return Real(file)->pMethods->xFileSize(Real(file), size); }
int Lock(sqlite3_file* file, int level) { return Real(file)->pMethods->xLock(Real(file), level); }
int Unlock(sqlite3_file* file, int level) { return Real(file)->pMethods->xUnlock(Real(file), level); }

int CheckReservedLock(sqlite3_file* file, int* result) {
  return Real(file)->pMethods->xCheckReservedLock(Real(file), result);
}

int FileControl(sqlite3_file* file, int op, void* argument) {
  return Real(file)->pMethods->xFileControl(Real(file), op, argument);
}

int SectorSize(sqlite3_file* file) { return Real(file)->pMethods->xSectorSize(Real(file)); }

int DeviceCharacteristics(sqlite3_file* file) { return Real(file)->pMethods->xDeviceCharacteristics(Real(file)); }

int ShmMap(sqlite3_file* file, int region, int bytes, int extend, void volatile** memory) {
  return Real(file)->pMethods->xShmMap(Real(file), region, bytes, extend, memory);
}

int ShmLock(sqlite3_file* file, int offset, int n, int flags) {
  return Real(file)->pMethods->xShmLock(Real(file), offset, n, flags);
}

void ShmBarrier(sqlite3_file* file) { Real(file)->pMethods->xShmBarrier(Real(file)); }
int ShmUnmap(sqlite3_file* file, int remove) { return Real(file)->pMethods->xShmUnmap(Real(file), remove); }

// Version 2: shared memory for the write-ahead log, no memory-mapped reads.
constexpr sqlite3_io_methods kMethods = {
    2,           Close, ReadAt,           WriteAt,   Truncate, Sync,    FileSize, Lock,
    Unlock,      CheckReservedLock,       FileControl, SectorSize, DeviceCharacteristics,
    ShmMap,      ShmLock, ShmBarrier, ShmUnmap, nullptr, nullptr};

sqlite3_vfs* System() { return sqlite3_vfs_find(nullptr); }

int OpenFile(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  auto* fault_file = reinterpret_cast<FaultFile*>(file);
  fault_file->vfs = static_cast<SqliteFaultVfs*>(vfs->pAppData);
  fault_file->real = reinterpret_cast<sqlite3_file*>(fault_file + 1);
  fault_file->base.pMethods = nullptr;
  const int code = System()->xOpen(System(), path, fault_file->real, flags, out_flags);
  // SQLite closes a file whose open failed only if it has methods.
  if (fault_file->real->pMethods != nullptr) fault_file->base.pMethods = &kMethods;
  return code;
}

}  // namespace

int SqliteFaultVfs::Meter::Pass() {
  count_.fetch_add(1);
  const int code = code_.load();
  if (code == 0) return 0;
  return left_.fetch_sub(1) <= 1 ? code : 0;
}

void SqliteFaultVfs::Meter::FailFrom(int64_t nth, int code) {
  code_.store(0);
  left_.store(nth);
  code_.store(code);
}

SqliteFaultVfs::SqliteFaultVfs(std::string name)
    : name_(std::move(name)), vfs_(std::make_unique<sqlite3_vfs>(*System())) {
  vfs_->pNext = nullptr;
  vfs_->zName = name_.c_str();
  vfs_->pAppData = this;
  vfs_->szOsFile = static_cast<int>(sizeof(FaultFile)) + System()->szOsFile;
  vfs_->xOpen = &OpenFile;
  sqlite3_vfs_register(vfs_.get(), /*makeDflt=*/0);
}

SqliteFaultVfs::~SqliteFaultVfs() { sqlite3_vfs_unregister(vfs_.get()); }

void SqliteFaultVfs::Heal() {
  write_meter_.Heal();
  sync_meter_.Heal();
}

}  // namespace muster
