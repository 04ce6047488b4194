// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/user_row.hpp"
#include "adapters/sql/user_store.hpp"

#include <limits>
#include <queue>

namespace muster::sql {
namespace {

// How many ids of a bucket are fetched at a time, and how many a page with something on it may look at.
constexpr std::int64_t run_size = 32;
constexpr std::size_t examined_max = 20'000;

struct CreatedRange {
  std::optional<Time> after;
  std::optional<Time> before;

  [[nodiscard]] bool holds(Time time) const {
    return (!after || time > *after) && (!before || time < *before);
  }
};

/// The ids of one bucket above a given one, in order, a run at a time.
class Run {
 public:
  Run(std::int64_t bucket, std::int64_t after) : bucket_(bucket), last_(after) {}

  /// False: there are no more.
  Result<bool> advance(Connection& connection) {
    if (++position_ < rows_.size()) return true;
    if (ended_) return false;
    rows_.clear();
    position_ = 0;
    Query query(connection, Sql::user_bucket_page);
    // A lone first row shows where the bucket stands in the merge; most of many buckets are not asked again.
    const std::int64_t wanted = started_ ? run_size : 1;
    started_ = true;
    query.integer(bucket_).integer(last_).integer(wanted);
    for (;;) {
      MUSTER_TRY(const bool found, query.next());
      if (!found) break;
      const UserId id{query.get_integer()};
      rows_.push_back({id, query.get_time()});
    }
    ended_ = static_cast<std::int64_t>(rows_.size()) < wanted;
    if (rows_.empty()) return false;
    last_ = rows_.back().id.value;
    return true;
  }

  struct Row {
    UserId id;
    Time created_at;
  };
  [[nodiscard]] const Row& row() const { return rows_[position_]; }

 private:
  std::int64_t bucket_;
  std::int64_t last_;
  std::vector<Row> rows_;
  std::size_t position_ = 0;
  bool started_ = false;
  bool ended_ = false;
};

Result<std::optional<std::int64_t>> next_bucket(Connection& connection, std::int64_t after) {
  Query query(connection, Sql::user_bucket_next);
  query.integer(after);
  MUSTER_TRY(const bool found, query.next());
  if (!found) return std::optional<std::int64_t>{};
  return std::optional(query.get_integer());
}

/// One run for each bucket that may hold users of the range.
Result<std::vector<Run>> open_runs(Connection& connection, const ports::UserFilter& filter, UserId after) {
  constexpr auto active = model::UserStatus::active;
  constexpr auto disabled = model::UserStatus::disabled;
  std::int64_t bucket = filter.created_after ? created_bucket(*filter.created_after, active) - 1
                                             : std::numeric_limits<std::int64_t>::min();
  const std::int64_t last = filter.created_before ? created_bucket(*filter.created_before, disabled)
                                                  : std::numeric_limits<std::int64_t>::max();
  std::vector<Run> runs;
  for (;;) {
    MUSTER_TRY(const auto next, next_bucket(connection, bucket));
    if (!next || *next > last) return runs;
    bucket = *next;
    if (filter.status && (bucket & 1) != static_cast<std::int64_t>(*filter.status)) continue;
    Run run(bucket, after.value);
    MUSTER_TRY(const bool found, run.advance(connection));
    if (found) runs.push_back(std::move(run));
  }
}

/// Everything of the filter but the name that led to the user.
bool matches(const model::User& user, const ports::UserFilter& filter) {
  const CreatedRange range{filter.created_after, filter.created_before};
  return (!filter.email || user.email == filter.email) && (!filter.phone || user.phone == filter.phone) &&
         (!filter.status || user.status == *filter.status) && range.holds(user.created_at);
}

}  // namespace

Result<ports::UserPage> SqlUserStore::page_of(Query& query, std::size_t limit) {
  ports::UserPage page;
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return page;
    if (page.items.size() == limit) {
      page.more = true;
      return page;
    }
    page.items.push_back(read_user(query));
  }
}

Result<ports::UserPage> SqlUserStore::list_created(const ports::UserFilter& filter, UserId after,
                                                   std::size_t limit) {
  MUSTER_TRY(auto runs, open_runs(connection_, filter, after));
  const auto later = [&runs](std::size_t a, std::size_t b) { return runs[a].row().id > runs[b].row().id; };
  std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> order(later);
  for (std::size_t i = 0; i < runs.size(); ++i) order.push(i);

  const CreatedRange range{filter.created_after, filter.created_before};
  ports::UserPage page;
  std::size_t examined = 0;
  while (!order.empty()) {
    const std::size_t first = order.top();
    order.pop();
    const Run::Row row = runs[first].row();
    const bool held = range.holds(row.created_at);
    // Users of the first and last day may be outside the range: a page that has something on it ends early
    // rather than pass over many of them.
    if ((held && page.items.size() == limit) || (!page.items.empty() && examined >= examined_max)) {
      page.more = true;
      return page;
    }
    if (held) {
      MUSTER_TRY(auto user, find(row.id));
      if (user) page.items.push_back(std::move(*user));
    }
    ++examined;
    MUSTER_TRY(const bool found, runs[first].advance(connection_));
    if (found) order.push(first);
  }
  return page;
}

Result<ports::UserPage> SqlUserStore::list(const ports::UserFilter& filter, std::optional<UserId> after,
                                           std::size_t limit) {
  const UserId start = after.value_or(UserId{0});
  if (filter.username || filter.email || filter.phone) {
    MUSTER_TRY(const auto user, filter.username ? find_by_name(NameKind::username, *filter.username)
                                : filter.email  ? find_by_name(NameKind::email, *filter.email)
                                                : find_by_name(NameKind::phone, *filter.phone));
    ports::UserPage page;
    if (user && user->id > start && limit > 0 && matches(*user, filter)) page.items.push_back(*user);
    return page;
  }
  if (filter.created_after || filter.created_before) return list_created(filter, start, limit);
  const auto rows = static_cast<std::int64_t>(limit) + 1;
  if (filter.status) {
    Query query(connection_, Sql::user_page_status);
    query.integer(static_cast<std::int64_t>(*filter.status)).integer(start.value).integer(rows);
    return page_of(query, limit);
  }
  Query query(connection_, Sql::user_page);
  query.integer(start.value).integer(rows);
  return page_of(query, limit);
}

}  // namespace muster::sql
