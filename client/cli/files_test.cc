// The files that muster reads and writes: contexts, cursors, records to import.
#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <string>

#include "client/cli/contexts.h"
#include "client/cli/cursor_file.h"
#include "client/cli/record_file.h"
#include "common/clock.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "muster/v1/claims.pb.h"
#include "muster/v1/tally.pb.h"

namespace muster::cli {
namespace {

using testing::HasSubstr;

constexpr char kId[] = "0197f3e0-7a3c-7bbb-8d3f-9a0b1c2d3e4f";

std::string NewFolder() {
  std::string folder = testing::TempDir() + "/muster-cli-XXXXXX";
  EXPECT_NE(mkdtemp(folder.data()), nullptr);
  return folder;
}

TEST(ContextsTest, ComeBackFromTheFileAsTheyWere) {
  config::v1::ClientContexts contexts;
  contexts.set_current("mo");
  config::v1::ClientContext* mo = contexts.add_contexts();
  mo->set_name("mo");
  mo->add_brokers("a:1");
  mo->add_brokers("[::1]:2");
  mo->set_certificate_file("/a \"quoted\"\\back\n\x01 path/é.pem");
  mo->set_key_file("k");
  mo->set_ca_file("c");
  mo->set_server_name("broker");
  contexts.add_contexts()->set_name("empty");
  const std::string path = NewFolder() + "/deep/er/contexts.toml";
  ASSERT_TRUE(SaveContexts(contexts, path).ok());
  const absl::StatusOr<config::v1::ClientContexts> loaded = LoadContexts(path);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*loaded, contexts)) << loaded->DebugString();
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
}

TEST(ContextsTest, NoFileMeansNoContexts) {
  const absl::StatusOr<config::v1::ClientContexts> loaded = LoadContexts(NewFolder() + "/none.toml");
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->contexts_size(), 0);
}

TEST(ContextsTest, AMistypedKeyIsNamed) {
  const std::string path = NewFolder() + "/contexts.toml";
  std::ofstream(path) << "[[contexts]]\nname = \"mo\"\ncertificat_file = \"x\"\n";
  const absl::Status status = LoadContexts(path).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("certificat_file"));
}

TEST(CursorFileTest, RemembersAndRefusesWhatIsNoCursor) {
  const std::string path = NewFolder() + "/cursor";
  EXPECT_EQ(LoadCursor(path).value(), "");
  ASSERT_TRUE(SaveCursor("\x01\xff", path).ok());
  EXPECT_EQ(LoadCursor(path).value(), "\x01\xff");
  std::ofstream(path) << "not a cursor";
  EXPECT_EQ(LoadCursor(path).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(RecordFileTest, JsonLinesAreRead) {
  std::istringstream input(std::string("{\"entry_id\":\"") + kId +
                           "\",\"category\":\"TALLY_CATEGORY_ARREST_BUYER\",\"count\":3}\n\n{\"count\":1}");
  RecordFileReader reader(&input, "x.jsonl", RecordFileFormat::kJsonLines, "tally entry");
  v1::TallyEntry entry;
  ASSERT_TRUE(reader.Next(&entry).value());
  EXPECT_EQ(entry.entry_id(), kId);
  EXPECT_EQ(entry.category(), v1::TALLY_CATEGORY_ARREST_BUYER);
  ASSERT_TRUE(reader.Next(&entry).value());
  EXPECT_EQ(reader.line(), 3);
  EXPECT_EQ(entry.entry_id(), "") << "nothing is left of the entry before";
  EXPECT_FALSE(reader.Next(&entry).value());
}

TEST(RecordFileTest, CsvIsReadWithQuotesListsAndEmptyCells) {
  std::istringstream input(
      "entry_id,category,count,assisting_agency_ids,occurred_at,amount_cents,note\r\n"
      "e1,person-recovered-minor,2,\"ky-ago; tn-tbi\",2021-08-26T23:10:00Z,,\"two\nlines, and \"\"quotes\"\"\"\n"
      "\n"
      "e2,seized-currency,0,,,150000,\n");
  RecordFileReader reader(&input, "x.csv", RecordFileFormat::kCsv, "tally entry");
  v1::TallyEntry entry;
  ASSERT_TRUE(reader.Next(&entry).value());
  EXPECT_EQ(entry.category(), v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR);
  EXPECT_THAT(entry.assisting_agency_ids(), testing::ElementsAre("ky-ago", "tn-tbi"));
  EXPECT_EQ(FromProto(entry.occurred_at()),
            absl::FromCivil(absl::CivilMinute(2021, 8, 26, 23, 10), absl::UTCTimeZone()));
  EXPECT_EQ(entry.note(), "two\nlines, and \"quotes\"");
  EXPECT_FALSE(entry.has_amount_cents()) << "an empty cell is not zero (rule T14)";
  ASSERT_TRUE(reader.Next(&entry).value());
  EXPECT_EQ(reader.line(), 5);
  EXPECT_EQ(entry.amount_cents(), 150000);
  EXPECT_FALSE(entry.has_occurred_at());
  EXPECT_FALSE(reader.Next(&entry).value());
}

TEST(RecordFileTest, WhatCannotBeReadIsNamedWithItsLine) {
  const std::pair<const char*, const char*> table[] = {
      {"entry_id,colour\n", "x.csv:1: a TallyEntry has no field \"colour\""},
      {"entry_id,count\ne1,3\ne2\n", "x.csv:3: has 1 cells; the first line names 2"},
      {"count\nmany\n", "x.csv:2: count: \"many\" is not a whole number"},
      {"count\n-1\n", "x.csv:2: count: \"-1\" is not a whole number"},
      {"category\nno-such\n", "x.csv:2: category: \"no-such\" is none of"},
      {"occurred_at\nyesterday\n", "x.csv:2: occurred_at: \"yesterday\" is not a time"},
      {"note\n\"no end\n", "a quoted cell has no end"}};
  for (const auto& [text, message] : table) {
    std::istringstream input(text);
    RecordFileReader reader(&input, "x.csv", RecordFileFormat::kCsv, "tally entry");
    v1::TallyEntry entry;
    absl::StatusOr<bool> more = reader.Next(&entry);
    while (more.ok() && *more) more = reader.Next(&entry);
    EXPECT_EQ(more.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(more.status().message()), HasSubstr(message));
  }
  std::istringstream input("{\"count\":1}\n{\"colour\":1}\n");
  RecordFileReader reader(&input, "x.jsonl", RecordFileFormat::kJsonLines, "tally entry");
  v1::TallyEntry entry;
  ASSERT_TRUE(reader.Next(&entry).value());
  EXPECT_THAT(std::string(reader.Next(&entry).status().message()), HasSubstr("x.jsonl:2: "));
}

TEST(RecordFileTest, ItemsOfTwoFieldsAreWrittenAsPairs) {
  std::istringstream input(
      "claim_id,figure,state,value,published_at,parts\n"
      "c1,arrests,KY,46,2021-08-31T12:00:00Z,arrest-buyer=40; arrest-promoting=2\n");
  RecordFileReader reader(&input, "x.csv", RecordFileFormat::kCsv, "claim");
  v1::Claim claim;
  ASSERT_TRUE(reader.Next(&claim).value());
  EXPECT_EQ(claim.figure(), v1::FIGURE_KIND_ARRESTS);
  EXPECT_EQ(claim.value(), 46u);
  ASSERT_EQ(claim.parts_size(), 2);
  EXPECT_EQ(claim.parts(1).category(), v1::TALLY_CATEGORY_ARREST_PROMOTING);
  EXPECT_EQ(claim.parts(1).value(), 2u);
  for (const char* wrong : {"arrest-buyer", "arrest-buyer=", "=4", "arrest-buyer=4=5", "shoes=4", "arrest-buyer=few"}) {
    v1::ClaimedPart part;
    EXPECT_FALSE(SetPair(wrong, &part).ok()) << wrong;
  }
}

TEST(RecordFileTest, TheFormatGoesByTheEnding) {
  EXPECT_EQ(FormatOfFile("a/b.csv").value(), RecordFileFormat::kCsv);
  EXPECT_EQ(FormatOfFile("a/b.jsonl").value(), RecordFileFormat::kJsonLines);
  EXPECT_FALSE(FormatOfFile("a/b.txt").ok());
}

}  // namespace
}  // namespace muster::cli
