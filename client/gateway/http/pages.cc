#include "client/gateway/http/pages.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/sha256.h"

namespace muster::gateway {

const Page kFromElsewherePage = {403, "Not from here", "Another web site has sent you here, and nobody was signed in.",
                                 "Go to the dashboard's first page and sign in there."};
const Page kNoCertificatePage = {
    403, "No certificate", "Your browser showed no certificate, so Muster cannot tell who you are.",
    "Put your card in, close all windows of the browser, and try again. If the browser does not ask for a certificate, "
    "ask the people who look after your computer whether the card's software is installed."};
const Page kUnknownAuthorityPage = {
    403, "Certificate not accepted",
    "The certificate that your browser showed was not issued by an authority that this gateway trusts.",
    "If you have several certificates, close all windows of the browser, try again and choose another."};
const Page kExpiredCertificatePage = {
    403, "Certificate expired", "The certificate that your browser showed is not valid at this time.",
    "Renew your card, or check this computer's date and time. Then close all windows of the browser and try again."};
const Page kUnknownPersonPage = {
    403, "Not invited", "Your certificate is good, but nobody has given its holder access to this dashboard.",
    "Ask the operator of this gateway to invite you with your certificate. If you have several, close all windows of "
    "the browser, try again and choose another."};
const Page kRemovedPersonPage = {403, "Access removed", "You had access to this dashboard, and it was taken away.",
                                 "If you think that is a mistake, ask the operator of this gateway."};
const Page kLockedPage = {
    403, "Name locked", "There were five attempts to sign in with this name that failed.",
    "Wait fifteen minutes and try again, or ask the operator of this gateway for a new invitation. If these attempts "
    "were not yours, say so."};
const Page kSignedOutPage = {200, "Signed out", "You have signed out. Nothing of what you saw is kept in this browser.",
                             "Close the window, or sign in again."};
const Page kSessionEndedPage = {
    200, "Session ended",
    "Your session has ended: it was idle, had lasted its longest time, or your access was changed.", "Sign in again."};
const Page kNotFoundPage = {404, "Not here", "There is nothing at this address.", "Go to the dashboard's first page."};
const Page kWrongMethodPage = {405, "Not possible", "This address cannot be used in this way.",
                               "Go to the dashboard's first page."};
const Page kWrongHostPage = {421, "Wrong name", "This gateway is not known by the name that your browser used for it.",
                             "Use the address that you were given. Its operator may set listen.public_name."};
const Page kTooManyRequestsPage = {429, "Too many requests", "Your computer has asked for too much in a short time.",
                                   "Wait a few seconds and try again."};
const Page kBusyPage = {503, "Busy", "The gateway has too much to do at this moment.",
                        "Wait a few seconds and try again."};
const Page kNoApplicationPage = {
    503, "Dashboard not installed", "The gateway runs, but the dashboard's files are not where it looks for them.",
    "Its operator may install the package or set dashboard_dir, and then restart the gateway."};

namespace {

constexpr char kStyle[] =
    "html{font:1.125rem/1.5 system-ui,sans-serif;color:#1b1f24;background:#f6f7f8}"
    "main{max-width:36rem;margin:12vh auto 0;padding:0 1.5rem}"
    "h1{font-size:1.75rem;margin:0 0 1rem}"
    "a{color:#0b4f9e}a:focus-visible{outline:3px solid #0b4f9e;outline-offset:3px}"
    "@media(prefers-color-scheme:dark){html{color:#e6e8ea;background:#15181c}a{color:#8ec1ff}"
    "a:focus-visible{outline-color:#8ec1ff}}";

struct PathOfPage {
  absl::string_view path;
  const Page* page;
};

std::string Policy() {
  return absl::StrCat("default-src 'none'; style-src 'sha256-", absl::Base64Escape(Sha256Bytes(kStyle)),
                      "'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
}

std::string EscapeHtml(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
}

}  // namespace

HttpAnswer PageAnswer(const Page& page, absl::string_view home) {
  HttpAnswer answer;
  answer.status = page.status;
  answer.headers = {{"Content-Type", "text/html; charset=utf-8"}, {"Content-Security-Policy", Policy()}};
  const std::string link =
      home.empty() ? "" : absl::StrCat("<p><a href=\"", EscapeHtml(home), "\">To the dashboard</a></p>\n");
  answer.body = absl::StrCat(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
      page.title, " - Muster</title>\n<style>", kStyle, "</style>\n</head>\n<body>\n<main>\n<h1>", page.title,
      "</h1>\n<p>", page.what, "</p>\n<p>", page.next, "</p>\n", link, "</main>\n</body>\n</html>\n");
  return answer;
}

const Page* PageAt(absl::string_view path) {
  const PathOfPage pages[] = {{"/page/locked", &kLockedPage},
                              {"/page/signed-out", &kSignedOutPage},
                              {"/page/session-ended", &kSessionEndedPage}};
  for (const PathOfPage& each : pages) {
    if (each.path == path) return each.page;
  }
  return nullptr;
}

}  // namespace muster::gateway
