#include "server/broker/history_pages.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"

namespace muster {
namespace {

// A page of which every notice was received, from position `begin` + 1 on.
HistoryPages::Ref PageOf(uint64_t version, FeedId begin, FeedId end, size_t notice_bytes = 10) {
  auto page = std::make_shared<HistoryPage>();
  page->version = version;
  page->begin = begin;
  page->end = end;
  DeliveryBlockBuilder builder("12345678", begin + 1);
  for (FeedId id = begin + 1; id <= end; ++id) {
    builder.Add(std::string(notice_bytes, '.'));
    page->ids.push_back(id);
  }
  page->block = builder.Take();
  return page;
}

TEST(HistoryPagesTest, APageIsFoundFromEveryPlaceInIt) {
  HistoryPages pages(1 << 20);
  const HistoryPages::Ref page = PageOf(7, 10, 20);
  pages.Add(page);
  for (FeedId id = 10; id < 20; ++id) EXPECT_EQ(pages.Find(7, id, id), page) << id;
  EXPECT_EQ(pages.Find(7, 9, 9), nullptr);
  EXPECT_EQ(pages.Find(7, 20, 20), nullptr);
}

TEST(HistoryPagesTest, AnotherGroupsPageAndOneOfOtherPositionsAreNotFound) {
  HistoryPages pages(1 << 20);
  pages.Add(PageOf(7, 10, 20));
  EXPECT_EQ(pages.Find(8, 12, 12), nullptr);
  EXPECT_EQ(pages.Find(7, 12, 9), nullptr);
  EXPECT_EQ(pages.Find(7, 12, 21), nullptr);
}

TEST(HistoryPagesTest, ANewPageEndsWhereTheNextOfItsGroupBegins) {
  HistoryPages pages(1 << 20);
  pages.Add(PageOf(7, 10, 20));
  pages.Add(PageOf(7, 30, 40));
  pages.Add(PageOf(8, 5, 6));
  EXPECT_EQ(pages.EndFor(7, 3, 100), 10u);
  EXPECT_EQ(pages.EndFor(7, 3, 8), 8u);
  EXPECT_EQ(pages.EndFor(7, 20, 100), 30u);
  EXPECT_EQ(pages.EndFor(7, 40, 100), 100u);
}

TEST(HistoryPagesTest, WhatWasUsedLongestAgoGoesFirst) {
  HistoryPages pages(5'000);
  pages.Add(PageOf(7, 0, 10, 150));
  pages.Add(PageOf(7, 10, 20, 150));
  EXPECT_NE(pages.Find(7, 0, 0), nullptr);
  pages.Add(PageOf(7, 20, 30, 150));
  EXPECT_EQ(pages.Find(7, 10, 10), nullptr);
  EXPECT_NE(pages.Find(7, 0, 0), nullptr);
  EXPECT_NE(pages.Find(7, 20, 20), nullptr);
}

TEST(HistoryPagesTest, OnePageIsKeptWhateverItsSize) {
  HistoryPages pages(100);
  pages.Add(PageOf(7, 0, 10, 1'000));
  EXPECT_NE(pages.Find(7, 0, 0), nullptr);
  pages.Add(PageOf(7, 10, 20, 1'000));
  EXPECT_EQ(pages.Find(7, 0, 0), nullptr);
}

}  // namespace
}  // namespace muster
