--- Runs promtool: checks metrics, and alert rules with metrics of a real server.

local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local shell = require "adobepass.util.shell"

local promtool = {}

--- Runs promtool with an input. Returns its exit status and output.
function promtool.run(arguments, input)
  local path = folder.make()
  assert(shell.write_file(path .. "/input", input or ""))
  local output, status = shell.read(("promtool %s < %s/input 2>&1"):format(
    arguments, path))
  folder.remove(path)
  return status, output
end

--- Returns the value of each series of a text of /metrics, with the labels and the
-- series `up` that Prometheus adds. nil: the server did not respond.
function promtool.series(text, instance)
  local target = ('job="gateway",instance="%s"'):format(instance)
  local found = { ["up{" .. target .. "}"] = text and 1 or 0 }
  for name, labels, value in (text or ""):gmatch "([%w_]+){([^\n]*)} (%S+)\n" do
    found[("%s{%s,%s}"):format(name, target, labels)] = assert(tonumber(value))
  end
  return found
end

local BEFORE, AFTER = 10, 30 -- minutes

-- Returns the values of a series, one for each minute. Prometheus marks a series as
-- stale when its server does not respond.
local function values_of(before, after, growth)
  local list = {}
  for minute = 1, BEFORE do
    list[minute] = before and ("%.14g"):format(before) or "_"
  end
  for minute = 0, AFTER - 1 do
    list[#list + 1] = after and ("%.14g"):format(after + minute * growth) or "stale"
  end
  return table.concat(list, " ")
end

-- Returns input_series of promtool.
local function input_of(before, after, is_lasting)
  local list, names = json.array {}, {}
  for name in pairs(before) do names[name] = true end
  for name in pairs(after) do names[name] = true end
  for name in pairs(names) do
    local old, new = before[name], after[name]
    local is_counter = not name:find "^up{"
    local growth = is_lasting and is_counter and (new or 0) - (old or 0) or 0
    list[#list + 1] = { series = name, values = values_of(old, new, growth) }
  end
  return list
end

-- The alerts that have fired, with the labels of their cause.
local FIRED = "group without (alertstate, severity, instance, job) "
  .. "(max_over_time(ALERTS{alertstate=\"firing\"}[1h]))"

--- Evaluates alert rules for ten minutes with the series of one scrape, then for 30
-- minutes with those of a later scrape. `is_lasting`: each of the 30 minutes adds what
-- was between the two. Expects no alert in the first ten minutes, then exactly the
-- given ones.
-- @string rules path of the rules
-- @tparam table recorded `before` and `after`, see promtool.series; `is_lasting`
-- @tparam table expected labels of each alert, such as `{alertname="GatewayDown"}`
-- @treturn int exit status of promtool
-- @treturn string its output
function promtool.test_alerts(rules, recorded, expected)
  local samples = json.array {}
  for index, labels in ipairs(expected) do
    samples[index] = { labels = labels, value = 1 }
  end
  local path = folder.make()
  assert(shell.write_file(path .. "/test.json", json.encode {
    rule_files = json.array { folder.run "pwd" .. "/" .. rules },
    evaluation_interval = "1m", tests = json.array { { interval = "1m",
      input_series = input_of(recorded.before, recorded.after, recorded.is_lasting),
      promql_expr_test = json.array {
        { expr = FIRED, eval_time = (BEFORE - 1) .. "m" },
        { expr = FIRED, eval_time = (BEFORE + AFTER - 1) .. "m",
          exp_samples = samples } } } } }))
  local status, output = promtool.run("test rules " .. path .. "/test.json")
  folder.remove(path)
  return status, output
end

return promtool
