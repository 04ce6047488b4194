// SPDX-License-Identifier: Apache-2.0
/// @file What a store made of one writer and its readers says about itself. Thread-safe.
#pragma once

#include "adapters/sql/readers.hpp"
#include "adapters/sql/writer.hpp"
#include "ports/store.hpp"

namespace muster::sql {

inline ports::StoreCounters store_counters(const Writer& writer, const Readers& readers) {
  const Writer::Counts writes = writer.counts();
  const Readers::Counts reads = readers.counts();
  ports::StoreCounters counters;
  counters.commits = writes.commits;
  counters.writes = writes.writes;
  counters.writes_failed = writes.writes_failed;
  counters.writes_run_again = writes.runs_again;
  counters.queue_length = writes.queue_length;
  counters.reads = reads.reads;
  counters.reads_waited = reads.waits;
  counters.read_wait = reads.waited;
  counters.readers_in_use = reads.in_use;
  counters.readers_idle = reads.idle;
  counters.readers_max = reads.count;
  return counters;
}

}  // namespace muster::sql
