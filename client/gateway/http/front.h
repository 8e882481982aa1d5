// What each of the two listeners answers.
//
// The main one: POST is a call; GET and HEAD are the application's files and the pages of pages.h. It never asks for a
// certificate. The login one: GET / signs in whoever shows a certificate that a person has, and sends the browser on to
// the main one; everybody else gets a page that says why not.
//
// Threading: thread-safe; both block.
#ifndef MUSTER_CLIENT_GATEWAY_HTTP_FRONT_H_
#define MUSTER_CLIENT_GATEWAY_HTTP_FRONT_H_

#include <optional>
#include <string>

#include "client/gateway/http/calls.h"
#include "client/gateway/http/message.h"
#include "client/gateway/http/rate_limit.h"
#include "client/gateway/http/security.h"
#include "client/gateway/http/static_files.h"
#include "client/gateway/people/people.h"
#include "client/gateway/session/sessions.h"

namespace muster::gateway {

class MainFront {
 public:
  // `calls` and `per_address` are not owned and outlive this. Without `files` there is a page that says so.
  MainFront(Origins origins, std::optional<int> login_port, bool strict_transport, std::optional<StaticFiles> files,
            const Calls* calls, RateLimit* per_address)
      : origins_(std::move(origins)),
        login_port_(login_port),
        strict_transport_(strict_transport),
        files_(std::move(files)),
        calls_(calls),
        per_address_(per_address) {}

  HttpAnswer Serve(const HttpRequest& request) const;

 private:
  HttpAnswer Route(const HttpRequest& request) const;

  const Origins origins_;
  const std::optional<int> login_port_;
  const bool strict_transport_;
  const std::optional<StaticFiles> files_;
  const Calls* const calls_;
  RateLimit* const per_address_;
};

class LoginFront {
 public:
  // None is owned; all outlive this.
  LoginFront(Origins origins, int main_port, bool strict_transport, const People* people, Sessions* sessions,
             RateLimit* sign_ins)
      : origins_(std::move(origins)),
        main_port_(main_port),
        strict_transport_(strict_transport),
        people_(people),
        sessions_(sessions),
        sign_ins_(sign_ins) {}

  HttpAnswer Serve(const HttpRequest& request) const;

 private:
  HttpAnswer Route(const HttpRequest& request) const;

  const Origins origins_;
  const int main_port_;
  const bool strict_transport_;
  const People* const people_;
  Sessions* const sessions_;
  RateLimit* const sign_ins_;
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_HTTP_FRONT_H_
