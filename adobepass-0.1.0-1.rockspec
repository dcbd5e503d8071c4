rockspec_format = "3.0"
package = "adobepass"
version = "0.1.0-1"

source = {
  url = "file://.", -- `luarocks make`, in this folder
}

description = {
  summary = "Adobe Pass Authentication (TV Everywhere) for Lua",
  detailed = [[
    A client of Adobe Pass Authentication's REST API V2, its core in C over
    libcurl and OpenSSL, for TV apps, game engines and OpenResty gateways;
    and a sandbox, an Adobe Pass that runs on your own machine.
  ]],
  license = "MIT",
}

supported_platforms = { "unix" }

dependencies = {
  "lua >= 5.1, < 5.5",
  "lua-cjson >= 2.1.0, < 3",
  "argparse >= 0.7.1, < 1",
}

external_dependencies = {
  CURL = { library = "curl" },
  CRYPTO = { library = "crypto" },
}

-- Our Makefile and not the builtin build: it hides all symbols but one, and
-- keeps the module loaded for libcurl's threads.
build = {
  type = "make",
  build_target = "build/rock/adobepass/core.so",
  build_variables = {
    BUILD = "build/rock",
    CC = "$(CC)",
    CFLAGS = "$(CFLAGS)",
    INCLUDES = "-I$(LUA_INCDIR) -I$(CURL_INCDIR) -I$(CRYPTO_INCDIR)",
    LIBS = "-L$(CURL_LIBDIR) -lcurl -L$(CRYPTO_LIBDIR) -lcrypto",
  },
  install_pass = false,
  install = {
    bin = { "bin/adobepass" },
    lib = { ["adobepass.core"] = "build/rock/adobepass/core.so" },
    lua = {
      -- written by .ci/modules
      ["adobepass.answer"] =
        "lua/adobepass/answer.lua",
      ["adobepass.cache"] =
        "lua/adobepass/cache.lua",
      ["adobepass.client"] =
        "lua/adobepass/client.lua",
      ["adobepass.command.authorize"] =
        "lua/adobepass/command/authorize.lua",
      ["adobepass.command.claims"] =
        "lua/adobepass/command/claims.lua",
      ["adobepass.command.code_screen"] =
        "lua/adobepass/command/code_screen.lua",
      ["adobepass.command.completion"] =
        "lua/adobepass/command/completion.lua",
      ["adobepass.command.doctor"] =
        "lua/adobepass/command/doctor.lua",
      ["adobepass.command"] =
        "lua/adobepass/command/init.lua",
      ["adobepass.command.inspect"] =
        "lua/adobepass/command/inspect.lua",
      ["adobepass.command.jwt"] =
        "lua/adobepass/command/jwt.lua",
      ["adobepass.command.letters"] =
        "lua/adobepass/command/letters.lua",
      ["adobepass.command.login"] =
        "lua/adobepass/command/login.lua",
      ["adobepass.command.logout"] =
        "lua/adobepass/command/logout.lua",
      ["adobepass.command.manual"] =
        "lua/adobepass/command/manual.lua",
      ["adobepass.command.picker"] =
        "lua/adobepass/command/picker.lua",
      ["adobepass.command.preauthorize"] =
        "lua/adobepass/command/preauthorize.lua",
      ["adobepass.command.profiles"] =
        "lua/adobepass/command/profiles.lua",
      ["adobepass.command.register"] =
        "lua/adobepass/command/register.lua",
      ["adobepass.command.report"] =
        "lua/adobepass/command/report.lua",
      ["adobepass.command.reset"] =
        "lua/adobepass/command/reset.lua",
      ["adobepass.command.sandbox"] =
        "lua/adobepass/command/sandbox.lua",
      ["adobepass.command.settings"] =
        "lua/adobepass/command/settings.lua",
      ["adobepass.command.terminal"] =
        "lua/adobepass/command/terminal.lua",
      ["adobepass.command.words"] =
        "lua/adobepass/command/words.lua",
      ["adobepass.device"] =
        "lua/adobepass/device.lua",
      ["adobepass.driver.block"] =
        "lua/adobepass/driver/block.lua",
      ["adobepass.driver.luv"] =
        "lua/adobepass/driver/luv.lua",
      ["adobepass.driver.ngx"] =
        "lua/adobepass/driver/ngx.lua",
      ["adobepass.driver.tick"] =
        "lua/adobepass/driver/tick.lua",
      ["adobepass.environment"] =
        "lua/adobepass/environment.lua",
      ["adobepass.error_catalogue"] =
        "lua/adobepass/error_catalogue.lua",
      ["adobepass.errors"] =
        "lua/adobepass/errors.lua",
      ["adobepass.flow.authorize"] =
        "lua/adobepass/flow/authorize.lua",
      ["adobepass.flow.decisions"] =
        "lua/adobepass/flow/decisions.lua",
      ["adobepass.flow.login"] =
        "lua/adobepass/flow/login.lua",
      ["adobepass.flow.logout"] =
        "lua/adobepass/flow/logout.lua",
      ["adobepass.flow.partner"] =
        "lua/adobepass/flow/partner.lua",
      ["adobepass.flow.preauthorize"] =
        "lua/adobepass/flow/preauthorize.lua",
      ["adobepass.flow.profile"] =
        "lua/adobepass/flow/profile.lua",
      ["adobepass.flow.providers"] =
        "lua/adobepass/flow/providers.lua",
      ["adobepass.flow.service_token"] =
        "lua/adobepass/flow/service_token.lua",
      ["adobepass.flow.temporary_access"] =
        "lua/adobepass/flow/temporary_access.lua",
      ["adobepass.http_date"] =
        "lua/adobepass/http_date.lua",
      ["adobepass"] =
        "lua/adobepass/init.lua",
      ["adobepass.json"] =
        "lua/adobepass/json.lua",
      ["adobepass.media_token"] =
        "lua/adobepass/media_token.lua",
      ["adobepass.moment"] =
        "lua/adobepass/moment.lua",
      ["adobepass.operations"] =
        "lua/adobepass/operations.lua",
      ["adobepass.options"] =
        "lua/adobepass/options.lua",
      ["adobepass.pace"] =
        "lua/adobepass/pace.lua",
      ["adobepass.request"] =
        "lua/adobepass/request.lua",
      ["adobepass.retry"] =
        "lua/adobepass/retry.lua",
      ["adobepass.sandbox.box"] =
        "lua/adobepass/sandbox/box.lua",
      ["adobepass.sandbox.call"] =
        "lua/adobepass/sandbox/call.lua",
      ["adobepass.sandbox.certificates"] =
        "lua/adobepass/sandbox/certificates.lua",
      ["adobepass.sandbox.control"] =
        "lua/adobepass/sandbox/control.lua",
      ["adobepass.sandbox.control_http"] =
        "lua/adobepass/sandbox/control_http.lua",
      ["adobepass.sandbox.degradation"] =
        "lua/adobepass/sandbox/degradation.lua",
      ["adobepass.sandbox.device"] =
        "lua/adobepass/sandbox/device.lua",
      ["adobepass.sandbox.engine"] =
        "lua/adobepass/sandbox/engine.lua",
      ["adobepass.sandbox.errors"] =
        "lua/adobepass/sandbox/errors.lua",
      ["adobepass.sandbox.faults"] =
        "lua/adobepass/sandbox/faults.lua",
      ["adobepass.sandbox.guards"] =
        "lua/adobepass/sandbox/guards.lua",
      ["adobepass.sandbox.host"] =
        "lua/adobepass/sandbox/host.lua",
      ["adobepass.sandbox.host.socket"] =
        "lua/adobepass/sandbox/host/socket.lua",
      ["adobepass.sandbox.host.wire"] =
        "lua/adobepass/sandbox/host/wire.lua",
      ["adobepass.sandbox.host.worker"] =
        "lua/adobepass/sandbox/host/worker.lua",
      ["adobepass.sandbox"] =
        "lua/adobepass/sandbox/init.lua",
      ["adobepass.sandbox.journal"] =
        "lua/adobepass/sandbox/journal.lua",
      ["adobepass.sandbox.keyring"] =
        "lua/adobepass/sandbox/keyring.lua",
      ["adobepass.sandbox.keys"] =
        "lua/adobepass/sandbox/keys.lua",
      ["adobepass.sandbox.media_token"] =
        "lua/adobepass/sandbox/media_token.lua",
      ["adobepass.sandbox.nginx"] =
        "lua/adobepass/sandbox/nginx.lua",
      ["adobepass.sandbox.operations.configuration"] =
        "lua/adobepass/sandbox/operations/configuration.lua",
      ["adobepass.sandbox.operations.dcr"] =
        "lua/adobepass/sandbox/operations/dcr.lua",
      ["adobepass.sandbox.operations.decisions"] =
        "lua/adobepass/sandbox/operations/decisions.lua",
      ["adobepass.sandbox.operations.logout"] =
        "lua/adobepass/sandbox/operations/logout.lua",
      ["adobepass.sandbox.operations.partner"] =
        "lua/adobepass/sandbox/operations/partner.lua",
      ["adobepass.sandbox.operations.profiles"] =
        "lua/adobepass/sandbox/operations/profiles.lua",
      ["adobepass.sandbox.operations.sessions"] =
        "lua/adobepass/sandbox/operations/sessions.lua",
      ["adobepass.sandbox.operations.sso_service"] =
        "lua/adobepass/sandbox/operations/sso_service.lua",
      ["adobepass.sandbox.operations.temp_pass"] =
        "lua/adobepass/sandbox/operations/temp_pass.lua",
      ["adobepass.sandbox.pages"] =
        "lua/adobepass/sandbox/pages.lua",
      ["adobepass.sandbox.pages.style"] =
        "lua/adobepass/sandbox/pages/style.lua",
      ["adobepass.sandbox.partner_status"] =
        "lua/adobepass/sandbox/partner_status.lua",
      ["adobepass.sandbox.profile_store"] =
        "lua/adobepass/sandbox/profile_store.lua",
      ["adobepass.sandbox.profile_view"] =
        "lua/adobepass/sandbox/profile_view.lua",
      ["adobepass.sandbox.respond"] =
        "lua/adobepass/sandbox/respond.lua",
      ["adobepass.sandbox.routes"] =
        "lua/adobepass/sandbox/routes.lua",
      ["adobepass.sandbox.saml"] =
        "lua/adobepass/sandbox/saml.lua",
      ["adobepass.sandbox.session"] =
        "lua/adobepass/sandbox/session.lua",
      ["adobepass.sandbox.state"] =
        "lua/adobepass/sandbox/state.lua",
      ["adobepass.sandbox.temp_pass"] =
        "lua/adobepass/sandbox/temp_pass.lua",
      ["adobepass.sandbox.throttle"] =
        "lua/adobepass/sandbox/throttle.lua",
      ["adobepass.sandbox.tokens"] =
        "lua/adobepass/sandbox/tokens.lua",
      ["adobepass.sandbox.users"] =
        "lua/adobepass/sandbox/users.lua",
      ["adobepass.sandbox.web"] =
        "lua/adobepass/sandbox/web.lua",
      ["adobepass.sandbox.wire"] =
        "lua/adobepass/sandbox/wire.lua",
      ["adobepass.sandbox.world"] =
        "lua/adobepass/sandbox/world.lua",
      ["adobepass.server_clock"] =
        "lua/adobepass/server_clock.lua",
      ["adobepass.services"] =
        "lua/adobepass/services.lua",
      ["adobepass.shell"] =
        "lua/adobepass/shell.lua",
      ["adobepass.store.file"] =
        "lua/adobepass/store/file.lua",
      ["adobepass.store.interface"] =
        "lua/adobepass/store/interface.lua",
      ["adobepass.store.memory"] =
        "lua/adobepass/store/memory.lua",
      ["adobepass.store.redis"] =
        "lua/adobepass/store/redis.lua",
      ["adobepass.store.shdict"] =
        "lua/adobepass/store/shdict.lua",
      ["adobepass.tokens"] =
        "lua/adobepass/tokens.lua",
      ["adobepass.vault"] =
        "lua/adobepass/vault.lua",
    },
  },
}
