#include <algorithm>
#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands.h"
#include "client/cli/contexts.h"
#include "client/cli/daemon_socket.h"
#include "client/cli/exit_code.h"
#include "client/cli/options.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

using config::v1::ClientContext;
using config::v1::ClientContexts;

absl::Status Missing(const std::string& name) {
  return absl::NotFoundError(absl::StrCat("there is no context \"", name, "\" in ", ContextsPath()));
}

// Contexts are used from any folder.
std::string Absolute(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return path.empty() || error ? path : absolute.lexically_normal().string();
}

void Print(Invocation& invocation, const ClientContexts& contexts, bool is_list) {
  View view;
  view.object = &contexts;
  view.is_list = is_list;
  view.table.columns = {{"current"}, {"name"}, {"brokers"}, {"certificate"}, {"key"}, {"ca"}, {"server name"}};
  for (const ClientContext& context : contexts.contexts()) {
    view.items.push_back(&context);
    view.table.rows.push_back({context.name() == contexts.current() ? "*" : "", context.name(),
                               absl::StrJoin(context.brokers(), ","), context.certificate_file(), context.key_file(),
                               context.ca_file(), context.server_name()});
  }
  if (!is_list && !view.items.empty()) view.object = view.items[0];
  if (!is_list) view.items.clear();
  invocation.printer().Print(view);
}

absl::Status Show(Invocation& invocation, const ClientContexts& contexts, const std::string& name) {
  const ClientContext* context = FindContext(contexts, name);
  if (context == nullptr) return Missing(name);
  ClientContexts one;
  one.set_current(contexts.current());
  *one.add_contexts() = *context;
  Print(invocation, one, /*is_list=*/false);
  return absl::OkStatus();
}

absl::Status Add(Invocation& invocation, const std::string& name, bool use) {
  const GlobalFlags& flags = invocation.flags();
  const bool no_tls =
      flags.certificate_file.empty() && flags.key_file.empty() && flags.ca_file.empty() && flags.server_name.empty();
  if (!flags.agent.empty() && !(flags.brokers.empty() && no_tls)) {
    return UsageError("a context for the daemon holds its socket and nothing else: --agent goes without other flags");
  }
  if (flags.agent.empty() &&
      (flags.brokers.empty() || flags.certificate_file.empty() || flags.key_file.empty() || flags.ca_file.empty())) {
    return UsageError("a context needs --broker, --cert, --key and --ca; or --agent");
  }
  MUSTER_ASSIGN_OR_RETURN(ClientContexts contexts, LoadContexts(ContextsPath()));
  ClientContext* context = const_cast<ClientContext*>(FindContext(contexts, name));
  if (context == nullptr) context = contexts.add_contexts();
  context->set_name(name);
  context->mutable_brokers()->Assign(flags.brokers.begin(), flags.brokers.end());
  if (!flags.agent.empty()) context->add_brokers(DaemonAddress(flags.agent));
  context->set_certificate_file(Absolute(flags.certificate_file));
  context->set_key_file(Absolute(flags.key_file));
  context->set_ca_file(Absolute(flags.ca_file));
  context->set_server_name(flags.server_name);
  if (use || contexts.current().empty()) contexts.set_current(name);
  MUSTER_RETURN_IF_ERROR(SaveContexts(contexts, ContextsPath()));
  return Show(invocation, contexts, name);
}

absl::Status Use(Invocation& invocation, const std::string& name) {
  MUSTER_ASSIGN_OR_RETURN(ClientContexts contexts, LoadContexts(ContextsPath()));
  if (FindContext(contexts, name) == nullptr) return Missing(name);
  contexts.set_current(name);
  MUSTER_RETURN_IF_ERROR(SaveContexts(contexts, ContextsPath()));
  return Show(invocation, contexts, name);
}

absl::Status Remove(Invocation& invocation, const std::string& name) {
  MUSTER_ASSIGN_OR_RETURN(ClientContexts contexts, LoadContexts(ContextsPath()));
  if (FindContext(contexts, name) == nullptr) return Missing(name);
  auto* all = contexts.mutable_contexts();
  all->erase(std::remove_if(all->begin(), all->end(), [&](const ClientContext& c) { return c.name() == name; }),
             all->end());
  if (contexts.current() == name) contexts.clear_current();
  MUSTER_RETURN_IF_ERROR(SaveContexts(contexts, ContextsPath()));
  Print(invocation, contexts, /*is_list=*/true);
  return absl::OkStatus();
}

absl::Status ShowCurrent(Invocation& invocation, const std::string& name) {
  MUSTER_ASSIGN_OR_RETURN(const ClientContexts contexts, LoadContexts(ContextsPath()));
  if (name.empty() && contexts.current().empty()) {
    return absl::NotFoundError("no context is in use: choose one with `muster context use NAME`");
  }
  return Show(invocation, contexts, name.empty() ? contexts.current() : name);
}

absl::Status List(Invocation& invocation) {
  MUSTER_ASSIGN_OR_RETURN(const ClientContexts contexts, LoadContexts(ContextsPath()));
  Print(invocation, contexts, /*is_list=*/true);
  return absl::OkStatus();
}

}  // namespace

void AddContextCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* noun = AddNoun(app, "context", "Named ways to reach a broker with a certificate, or the daemon",
                           {"context list", "context use mo-ago"});
  const auto name = std::make_shared<std::string>();
  const auto use = std::make_shared<bool>(false);
  CLI::App* add =
      AddVerb(*noun, invocation, "add", "Store a context, or replace the one of that name",
              {"context add mo-ago --broker broker.example:7443 --cert mo.pem --key mo.key --ca ca.pem --use",
               "context add post --agent /run/muster/agent.sock"},
              [&invocation, name, use] { return Add(invocation, *name, *use); });
  AddText(add, "NAME", name.get(), "The context's name")->required();
  add->add_flag("--use", *use, "Make it the current one");
  AddVerb(*noun, invocation, "list", "List the contexts", {"context list", "context list -o json"},
          [&invocation] { return List(invocation); });
  CLI::App* choose = AddVerb(*noun, invocation, "use", "Make a context the current one", {"context use mo-ago"},
                             [&invocation, name] { return Use(invocation, *name); });
  AddText(choose, "NAME", name.get(), "The context's name")->required();
  CLI::App* show = AddVerb(*noun, invocation, "show", "Show a context, or the current one",
                           {"context show", "context show mo-ago -o json"},
                           [&invocation, name] { return ShowCurrent(invocation, *name); });
  AddText(show, "NAME", name.get(), "The context's name");
  CLI::App* remove = AddVerb(*noun, invocation, "remove", "Forget a context; its files stay", {"context remove mo-ago"},
                             [&invocation, name] { return Remove(invocation, *name); });
  AddText(remove, "NAME", name.get(), "The context's name")->required();
}

}  // namespace muster::cli
