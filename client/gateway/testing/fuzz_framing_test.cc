#include "client/gateway/testing/fuzz_framing.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "client/gateway/forward/codec.h"
#include "client/gateway/forward/methods.h"
#include "client/gateway/wire/framing.h"
#include "common/testing/test_messages.h"
#include "gtest/gtest.h"

namespace muster::gateway {
namespace {

constexpr int kRounds = 30'000;
constexpr char kOddLetters[] = "{}[]\":,\\0u1e-.=;/+\x80\xff\n";

// A filled request of every method in every framing, and things that look like headers.
std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  const Methods methods;
  char method_number = 0;
  for (const auto& [path, method] : methods.all()) {
    const std::unique_ptr<google::protobuf::Message> request = NewMessage(*method.descriptor->input_type());
    FillValid(request.get());
    for (char choice = 0; choice < 8; ++choice) {
      // As kFramings in fuzz_framing.cc.
      const Framing framing = {static_cast<Protocol>(choice / 2), choice % 2 == 0 ? Codec::kProto : Codec::kJson};
      const std::string body = EncodeMessage(framing, *SerializeMessage(framing.codec, *request));
      seeds.push_back(std::string({choice, method_number}) + body);
    }
    ++method_number;
  }
  for (const char* header : {"application/grpc-web-text+proto; charset=utf-8", "application/connect+json", "1500",
                             "99H", "a=b; __Host-muster=token-_; c=d", "[[[[[[[[{\"a\":[[[["}) {
    seeds.push_back(std::string(kFuzzPrefixBytes, '\0') + header);
  }
  return seeds;
}

class Mutator {
 public:
  explicit Mutator(std::mt19937_64 random) : random_(random), seeds_(Seeds()) {}

  // A seed that something was done to; now and then bytes of no origin.
  std::string Next() {
    std::string bytes = Any(seeds_);
    if (Below(16) == 0) {
      bytes.resize(Below(200));
      for (char& each : bytes) each = static_cast<char>(random_());
    }
    for (size_t i = Below(5); i > 0; --i) MutateOnce(&bytes);
    return bytes;
  }

 private:
  size_t Below(size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(random_); }
  const std::string& Any(const std::vector<std::string>& all) { return all[Below(all.size())]; }

  void MutateOnce(std::string* bytes) {
    if (bytes->empty()) return;
    const size_t at = Below(bytes->size());
    switch (Below(6)) {
      case 0:
        (*bytes)[at] = static_cast<char>(random_());
        break;
      case 1:
        (*bytes)[at] = kOddLetters[Below(sizeof(kOddLetters) - 1)];
        break;
      case 2:
        bytes->resize(at);
        break;
      case 3:
        bytes->erase(at, 1 + Below(8));
        break;
      case 4:
        bytes->insert(at, bytes->substr(Below(bytes->size()), Below(64)));
        break;
      default: {
        const std::string& other = Any(seeds_);
        bytes->insert(at, other.substr(Below(other.size()), Below(64)));
        break;
      }
    }
  }

  std::mt19937_64 random_;
  const std::vector<std::string> seeds_;
};

TEST(FuzzFramingTest, SeedsAreWhatTheyClaimToBe) {
  for (const std::string& seed : Seeds()) FuzzFraming(seed);
}

TEST(FuzzFramingTest, AnyBytesAreDecodedOrRefusedAndEveryAnswerIsWellFormed) {
  Mutator mutator(SeededRandom());
  for (int round = 0; round < kRounds; ++round) FuzzFraming(mutator.Next());
}

}  // namespace
}  // namespace muster::gateway
