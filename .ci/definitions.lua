-- SPDX-License-Identifier: MIT
-- Reads the definitions for LuaLS (lua/adobepass/types), which .ci/types generates.
--
-- read(path): { classes = { [name] = { name, text, fields = { { name =, optional =,
-- type =, text = } } } }, functions = { [name] = { name, text, params, returns } },
-- names = the functions in order }

local definitions = {}

local function new_reader(result)
  local text, params, returns, class = {}, {}, {}, nil
  local reader = {}

  local function forget() text, params, returns = {}, {}, {} end

  local function field(line)
    local name, optional, rest = line:match "^([%w_]+)(%??) (.*)$"
    local kind, meaning = rest:match "^(.-) # (.*)$"
    return { name = name, optional = optional == "?", type = kind or rest,
      text = meaning or "" }
  end

  function reader.class(name)
    class = { name = name, text = table.concat(text, " "), fields = {} }
    result.classes[name] = class
    forget()
  end

  function reader.alias(name)
    class = { name = name, text = "", fields = {}, values = {} }
    result.classes[name] = class
  end

  function reader.value(line) class.values[#class.values + 1] = line end

  function reader.field(line) class.fields[#class.fields + 1] = field(line) end

  function reader.param(line) params[#params + 1] = field(line) end

  function reader.result(line) returns[#returns + 1] = line end

  function reader.text(line) text[#text + 1] = line end

  function reader.method(name)
    result.functions[name] = { name = name, text = table.concat(text, " "),
      params = params, returns = returns }
    result.names[#result.names + 1] = name
    forget()
  end

  return reader
end

local LINES = {
  { "^%-%-%-@alias ([%w_.]+)", "alias" }, { "^%-%-%-| (.*)$", "value" },
  { "^%-%-%-@class ([%w_.]+)", "class" }, { "^%-%-%-@field (.*)$", "field" },
  { "^%-%-%-@param (.*)$", "param" }, { "^%-%-%-@return (.*)$", "result" },
  { "^%-%-%- (.*)$", "text" }, { "^function ([%w_.:]+)", "method" },
}

function definitions.read(path, result)
  result = result or { classes = {}, functions = {}, names = {} }
  local reader = new_reader(result)
  for line in io.lines(path) do
    for _, pattern in ipairs(LINES) do
      local value = line:match(pattern[1])
      if value then
        reader[pattern[2]](value)
        break
      end
    end
  end
  return result
end

return definitions
