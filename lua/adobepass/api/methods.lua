--- `client.api`: one method for each operation of adobepass.api.operations,
-- named as the operation.
-- @module adobepass.api.methods

local operations = require "adobepass.api.operations"
local options = require "adobepass.util.options"
local request = require "adobepass.api.request"

local methods = {}

local Api = {}
Api.__index = Api

-- Raises usage errors: no device, unknown parameters, wrong types.
local function check(context, operation, params)
  if not context.record then
    error(("client.api:%s: the client has no device; give one to "
      .. "adobepass.new, or use client:device { id = ... }"):format(
      operation.name))
  end
  request.check(operation, params)
end

local function check_self(self, operation)
  if getmetatable(self) == Api then return end
  error(("client.api.%s was called with '.': write client.api:%s { ... }")
    :format(operation.name, operation.name), 3)
end

-- Must not be modified: all calls without parameters share it.
local NO_PARAMS = {}

-- `deadline`, by the driver's clock, is for flows; applications give
-- `params.timeout`, in seconds.
local function method_of(operation)
  local may_be_empty = not operation.params
  return function(self, params, deadline)
    check_self(self, operation)
    local context = self.context
    if params ~= nil or not may_be_empty or not context.record then
      params = params or {}
      options.at_caller(check, context, operation, params)
    end
    params = params or NO_PARAMS
    return context:call(operation, params,
      deadline or context:deadline(params.timeout))
  end
end

for _, operation in ipairs(operations) do
  Api[operation.name] = method_of(operation)
end

--- Creates the `api` of a device.
-- @param context see adobepass.api.flow_context
function methods.new(context) return setmetatable({ context = context }, Api) end

return methods
