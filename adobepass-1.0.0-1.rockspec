rockspec_format = "3.0"
package = "adobepass"
version = "1.0.0-1"

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
  homepage = "https://adobepass.example", -- written by .ci/modules
}

supported_platforms = { "unix" }

dependencies = {
  "lua >= 5.1, < 5.5",
  "lua-cjson >= 2.1.0, < 3",
  "argparse >= 0.7.1, < 1",
}

test = {
  type = "command",
  command = "make test",
}

external_dependencies = {
  CURL = { library = "curl" },
  CRYPTO = { library = "crypto" },
}

-- Our Makefile and not the builtin build: it hides all symbols but one, and
-- keeps the module loaded for libcurl's threads.
build = {
  type = "make",
  build_target = "rock",
  build_variables = {
    BUILD = "build/rock",
    PURE_BUILD = "build/rock/pure",
    CC = "$(CC)",
    CFLAGS = "$(CFLAGS)",
    INCLUDES = "-I$(LUA_INCDIR) -I$(CURL_INCDIR) -I$(CRYPTO_INCDIR)",
    LIBS = "-L$(CURL_LIBDIR) -lcurl -L$(CRYPTO_LIBDIR) -lcrypto -lm",
  },
  install_pass = false,
  install = {
    bin = { "bin/adobepass" },
    lib = { ["adobepass.core"] = "build/rock/adobepass/core.so" },
    lua = {
      -- written by .ci/modules
      ["adobepass.api.added_headers"] =
        "lua/adobepass/api/added_headers.lua",
      ["adobepass.api.call"] =
        "lua/adobepass/api/call.lua",
      ["adobepass.api.connection"] =
        "lua/adobepass/api/connection.lua",
      ["adobepass.api.custom_request"] =
        "lua/adobepass/api/custom_request.lua",
      ["adobepass.api.environment"] =
        "lua/adobepass/api/environment.lua",
      ["adobepass.api.error_catalog"] =
        "lua/adobepass/api/error_catalog.lua",
      ["adobepass.api.errors"] =
        "lua/adobepass/api/errors.lua",
      ["adobepass.api.flow_context"] =
        "lua/adobepass/api/flow_context.lua",
      ["adobepass.api.methods"] =
        "lua/adobepass/api/methods.lua",
      ["adobepass.api.operations"] =
        "lua/adobepass/api/operations.lua",
      ["adobepass.api.request"] =
        "lua/adobepass/api/request.lua",
      ["adobepass.api.response"] =
        "lua/adobepass/api/response.lua",
      ["adobepass.api.secrets"] =
        "lua/adobepass/api/secrets.lua",
      ["adobepass.api.spanish_texts"] =
        "lua/adobepass/api/spanish_texts.lua",
      ["adobepass.api.viewer_identity"] =
        "lua/adobepass/api/viewer_identity.lua",
      ["adobepass.auth.access_token"] =
        "lua/adobepass/auth/access_token.lua",
      ["adobepass.auth.credentials"] =
        "lua/adobepass/auth/credentials.lua",
      ["adobepass.auth.refresh_lock"] =
        "lua/adobepass/auth/refresh_lock.lua",
      ["adobepass.cli.authorize"] =
        "lua/adobepass/cli/authorize.lua",
      ["adobepass.cli.big_text"] =
        "lua/adobepass/cli/big_text.lua",
      ["adobepass.cli.code_screen"] =
        "lua/adobepass/cli/code_screen.lua",
      ["adobepass.cli.completion"] =
        "lua/adobepass/cli/completion.lua",
      ["adobepass.cli.configuration"] =
        "lua/adobepass/cli/configuration.lua",
      ["adobepass.cli.doctor"] =
        "lua/adobepass/cli/doctor.lua",
      ["adobepass.cli.help"] =
        "lua/adobepass/cli/help.lua",
      ["adobepass.cli"] =
        "lua/adobepass/cli/init.lua",
      ["adobepass.cli.inspect"] =
        "lua/adobepass/cli/inspect.lua",
      ["adobepass.cli.jwt"] =
        "lua/adobepass/cli/jwt.lua",
      ["adobepass.cli.lock_cleanup"] =
        "lua/adobepass/cli/lock_cleanup.lua",
      ["adobepass.cli.login"] =
        "lua/adobepass/cli/login.lua",
      ["adobepass.cli.logout"] =
        "lua/adobepass/cli/logout.lua",
      ["adobepass.cli.manual"] =
        "lua/adobepass/cli/manual.lua",
      ["adobepass.cli.picker"] =
        "lua/adobepass/cli/picker.lua",
      ["adobepass.cli.preauthorize"] =
        "lua/adobepass/cli/preauthorize.lua",
      ["adobepass.cli.profiles"] =
        "lua/adobepass/cli/profiles.lua",
      ["adobepass.cli.providers"] =
        "lua/adobepass/cli/providers.lua",
      ["adobepass.cli.register"] =
        "lua/adobepass/cli/register.lua",
      ["adobepass.cli.report"] =
        "lua/adobepass/cli/report.lua",
      ["adobepass.cli.reset"] =
        "lua/adobepass/cli/reset.lua",
      ["adobepass.cli.sandbox"] =
        "lua/adobepass/cli/sandbox.lua",
      ["adobepass.cli.sandbox_control"] =
        "lua/adobepass/cli/sandbox_control.lua",
      ["adobepass.cli.settings"] =
        "lua/adobepass/cli/settings.lua",
      ["adobepass.cli.temppass"] =
        "lua/adobepass/cli/temppass.lua",
      ["adobepass.cli.terminal"] =
        "lua/adobepass/cli/terminal.lua",
      ["adobepass.cli.text"] =
        "lua/adobepass/cli/text.lua",
      ["adobepass.cli.trace"] =
        "lua/adobepass/cli/trace.lua",
      ["adobepass.cli.version"] =
        "lua/adobepass/cli/version.lua",
      ["adobepass.client"] =
        "lua/adobepass/client.lua",
      ["adobepass.device"] =
        "lua/adobepass/device.lua",
      ["adobepass.device.field"] =
        "lua/adobepass/device/field.lua",
      ["adobepass.device.headers"] =
        "lua/adobepass/device/headers.lua",
      ["adobepass.device.info_schema"] =
        "lua/adobepass/device/info_schema.lua",
      ["adobepass.device.platform"] =
        "lua/adobepass/device/platform.lua",
      ["adobepass.device.record"] =
        "lua/adobepass/device/record.lua",
      ["adobepass.driver.block"] =
        "lua/adobepass/driver/block.lua",
      ["adobepass.driver.cqueues"] =
        "lua/adobepass/driver/cqueues.lua",
      ["adobepass.driver.host"] =
        "lua/adobepass/driver/host.lua",
      ["adobepass.driver.luv"] =
        "lua/adobepass/driver/luv.lua",
      ["adobepass.driver.ngx"] =
        "lua/adobepass/driver/ngx.lua",
      ["adobepass.driver.ngx_wakeup"] =
        "lua/adobepass/driver/ngx_wakeup.lua",
      ["adobepass.driver.tick"] =
        "lua/adobepass/driver/tick.lua",
      ["adobepass.flow.authorize"] =
        "lua/adobepass/flow/authorize.lua",
      ["adobepass.flow.code_life"] =
        "lua/adobepass/flow/code_life.lua",
      ["adobepass.flow.decisions"] =
        "lua/adobepass/flow/decisions.lua",
      ["adobepass.flow.denials"] =
        "lua/adobepass/flow/denials.lua",
      ["adobepass.flow.login"] =
        "lua/adobepass/flow/login.lua",
      ["adobepass.flow.login_poll"] =
        "lua/adobepass/flow/login_poll.lua",
      ["adobepass.flow.login_start"] =
        "lua/adobepass/flow/login_start.lua",
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
      ["adobepass.flow.second_screen"] =
        "lua/adobepass/flow/second_screen.lua",
      ["adobepass.flow.service_token"] =
        "lua/adobepass/flow/service_token.lua",
      ["adobepass.flow.temporary_access"] =
        "lua/adobepass/flow/temporary_access.lua",
      ["adobepass"] =
        "lua/adobepass/init.lua",
      ["adobepass.media_token"] =
        "lua/adobepass/media_token.lua",
      ["adobepass.policy.cache"] =
        "lua/adobepass/policy/cache.lua",
      ["adobepass.policy.circuit_breaker"] =
        "lua/adobepass/policy/circuit_breaker.lua",
      ["adobepass.policy.rate_limiter"] =
        "lua/adobepass/policy/rate_limiter.lua",
      ["adobepass.policy.retry"] =
        "lua/adobepass/policy/retry.lua",
      ["adobepass.policy.server_clock"] =
        "lua/adobepass/policy/server_clock.lua",
      ["adobepass.policy.timestamp"] =
        "lua/adobepass/policy/timestamp.lua",
      ["adobepass.sandbox.control.calls"] =
        "lua/adobepass/sandbox/control/calls.lua",
      ["adobepass.sandbox.control.commands"] =
        "lua/adobepass/sandbox/control/commands.lua",
      ["adobepass.sandbox.control.endpoint"] =
        "lua/adobepass/sandbox/control/endpoint.lua",
      ["adobepass.sandbox.data.degradation"] =
        "lua/adobepass/sandbox/data/degradation.lua",
      ["adobepass.sandbox.data.keyring"] =
        "lua/adobepass/sandbox/data/keyring.lua",
      ["adobepass.sandbox.data.keys"] =
        "lua/adobepass/sandbox/data/keys.lua",
      ["adobepass.sandbox.data.leniency"] =
        "lua/adobepass/sandbox/data/leniency.lua",
      ["adobepass.sandbox.data.media_token"] =
        "lua/adobepass/sandbox/data/media_token.lua",
      ["adobepass.sandbox.data.partner_status"] =
        "lua/adobepass/sandbox/data/partner_status.lua",
      ["adobepass.sandbox.data.profile_store"] =
        "lua/adobepass/sandbox/data/profile_store.lua",
      ["adobepass.sandbox.data.profile_view"] =
        "lua/adobepass/sandbox/data/profile_view.lua",
      ["adobepass.sandbox.data.saml"] =
        "lua/adobepass/sandbox/data/saml.lua",
      ["adobepass.sandbox.data.temp_pass"] =
        "lua/adobepass/sandbox/data/temp_pass.lua",
      ["adobepass.sandbox.data.tokens"] =
        "lua/adobepass/sandbox/data/tokens.lua",
      ["adobepass.sandbox.data.users"] =
        "lua/adobepass/sandbox/data/users.lua",
      ["adobepass.sandbox.data.world"] =
        "lua/adobepass/sandbox/data/world.lua",
      ["adobepass.sandbox.data.world_file"] =
        "lua/adobepass/sandbox/data/world_file.lua",
      ["adobepass.sandbox.data.world_schema"] =
        "lua/adobepass/sandbox/data/world_schema.lua",
      ["adobepass.sandbox.engine.checks"] =
        "lua/adobepass/sandbox/engine/checks.lua",
      ["adobepass.sandbox.engine.cors"] =
        "lua/adobepass/sandbox/engine/cors.lua",
      ["adobepass.sandbox.engine.device"] =
        "lua/adobepass/sandbox/engine/device.lua",
      ["adobepass.sandbox.engine.engine"] =
        "lua/adobepass/sandbox/engine/engine.lua",
      ["adobepass.sandbox.engine.errors"] =
        "lua/adobepass/sandbox/engine/errors.lua",
      ["adobepass.sandbox.engine.faults"] =
        "lua/adobepass/sandbox/engine/faults.lua",
      ["adobepass.sandbox.engine.http_response"] =
        "lua/adobepass/sandbox/engine/http_response.lua",
      ["adobepass.sandbox.engine.instance"] =
        "lua/adobepass/sandbox/engine/instance.lua",
      ["adobepass.sandbox.engine.journal"] =
        "lua/adobepass/sandbox/engine/journal.lua",
      ["adobepass.sandbox.engine.redirect"] =
        "lua/adobepass/sandbox/engine/redirect.lua",
      ["adobepass.sandbox.engine.request_context"] =
        "lua/adobepass/sandbox/engine/request_context.lua",
      ["adobepass.sandbox.engine.request_rules"] =
        "lua/adobepass/sandbox/engine/request_rules.lua",
      ["adobepass.sandbox.engine.routes"] =
        "lua/adobepass/sandbox/engine/routes.lua",
      ["adobepass.sandbox.engine.state"] =
        "lua/adobepass/sandbox/engine/state.lua",
      ["adobepass.sandbox.engine.throttle"] =
        "lua/adobepass/sandbox/engine/throttle.lua",
      ["adobepass.sandbox.engine.url_encoding"] =
        "lua/adobepass/sandbox/engine/url_encoding.lua",
      ["adobepass.sandbox.host.certificates"] =
        "lua/adobepass/sandbox/host/certificates.lua",
      ["adobepass.sandbox.host"] =
        "lua/adobepass/sandbox/host/init.lua",
      ["adobepass.sandbox.host.nginx"] =
        "lua/adobepass/sandbox/host/nginx.lua",
      ["adobepass.sandbox.host.nginx_adapter"] =
        "lua/adobepass/sandbox/host/nginx_adapter.lua",
      ["adobepass.sandbox.host.socket"] =
        "lua/adobepass/sandbox/host/socket.lua",
      ["adobepass.sandbox.host.worker"] =
        "lua/adobepass/sandbox/host/worker.lua",
      ["adobepass.sandbox"] =
        "lua/adobepass/sandbox/init.lua",
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
      ["adobepass.sandbox.operations.temp_pass_reset"] =
        "lua/adobepass/sandbox/operations/temp_pass_reset.lua",
      ["adobepass.sandbox.pages.html"] =
        "lua/adobepass/sandbox/pages/html.lua",
      ["adobepass.sandbox.pages.router"] =
        "lua/adobepass/sandbox/pages/router.lua",
      ["adobepass.sandbox.pages.style"] =
        "lua/adobepass/sandbox/pages/style.lua",
      ["adobepass.sandbox.replay"] =
        "lua/adobepass/sandbox/replay.lua",
      ["adobepass.sandbox.test_client"] =
        "lua/adobepass/sandbox/test_client.lua",
      ["adobepass.sandbox.transport"] =
        "lua/adobepass/sandbox/transport.lua",
      ["adobepass.store.device_store"] =
        "lua/adobepass/store/device_store.lua",
      ["adobepass.store.file"] =
        "lua/adobepass/store/file.lua",
      ["adobepass.store.generations"] =
        "lua/adobepass/store/generations.lua",
      ["adobepass.store.interface"] =
        "lua/adobepass/store/interface.lua",
      ["adobepass.store.memory"] =
        "lua/adobepass/store/memory.lua",
      ["adobepass.store.redis"] =
        "lua/adobepass/store/redis.lua",
      ["adobepass.store.redis_clients"] =
        "lua/adobepass/store/redis_clients.lua",
      ["adobepass.store.redis_cluster"] =
        "lua/adobepass/store/redis_cluster.lua",
      ["adobepass.store.redis_connection"] =
        "lua/adobepass/store/redis_connection.lua",
      ["adobepass.store.redis_connector"] =
        "lua/adobepass/store/redis_connector.lua",
      ["adobepass.store.redis_options"] =
        "lua/adobepass/store/redis_options.lua",
      ["adobepass.store.redis_protocol"] =
        "lua/adobepass/store/redis_protocol.lua",
      ["adobepass.store.redis_sentinel"] =
        "lua/adobepass/store/redis_sentinel.lua",
      ["adobepass.store.shdict"] =
        "lua/adobepass/store/shdict.lua",
      ["adobepass.types.adobepass"] =
        "lua/adobepass/types/adobepass.lua",
      ["adobepass.types.core"] =
        "lua/adobepass/types/core.lua",
      ["adobepass.types.jws"] =
        "lua/adobepass/types/jws.lua",
      ["adobepass.types.media_token"] =
        "lua/adobepass/types/media_token.lua",
      ["adobepass.types.sandbox"] =
        "lua/adobepass/types/sandbox.lua",
      ["adobepass.util.core_check"] =
        "lua/adobepass/util/core_check.lua",
      ["adobepass.util.encoding"] =
        "lua/adobepass/util/encoding.lua",
      ["adobepass.util.http_date"] =
        "lua/adobepass/util/http_date.lua",
      ["adobepass.util.identity"] =
        "lua/adobepass/util/identity.lua",
      ["adobepass.util.json"] =
        "lua/adobepass/util/json.lua",
      ["adobepass.util.jws"] =
        "lua/adobepass/util/jws.lua",
      ["adobepass.util.options"] =
        "lua/adobepass/util/options.lua",
      ["adobepass.util.recorder"] =
        "lua/adobepass/util/recorder.lua",
      ["adobepass.util.recording"] =
        "lua/adobepass/util/recording.lua",
      ["adobepass.util.redaction"] =
        "lua/adobepass/util/redaction.lua",
      ["adobepass.util.running_function"] =
        "lua/adobepass/util/running_function.lua",
      ["adobepass.util.shell"] =
        "lua/adobepass/util/shell.lua",
      ["adobepass.util.tables"] =
        "lua/adobepass/util/tables.lua",
      ["adobepass.util.temp_pass"] =
        "lua/adobepass/util/temp_pass.lua",
      ["adobepass.util.text"] =
        "lua/adobepass/util/text.lua",
      ["adobepass.util.xml"] =
        "lua/adobepass/util/xml.lua",
    },
  },
}
