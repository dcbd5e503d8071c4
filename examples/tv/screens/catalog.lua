--- The catalog: channels, open or locked, with reasons.

local focus = require "focus"
local icons = require "icons"
local messages = require "messages"
local tiles = require "tiles"
local text = require "text"
local ui = require "ui"

local Catalog = {}
Catalog.__index = Catalog

local COLUMNS, GAP, TOP = 4, 20, 142
local W, H = tiles.WIDTH, tiles.HEIGHT

local function tile(channel, index, decision)
  local row, column = math.floor((index - 1) / COLUMNS), (index - 1) % COLUMNS
  return { x = ui.LEFT + column * (W + GAP), y = TOP + row * (H + GAP),
    width = W, height = H, label = channel.resource, channel = channel,
    decision = decision }
end

local function corner_button(label, act)
  return { x = ui.RIGHT - 180, y = 52, width = 180, height = 50,
    label = label, act = act }
end

-- With a temporary pass there are no decisions in advance.
local function items_of(app, decisions)
  local locked, items = {}, {}
  for _, decision in ipairs(decisions or {}) do
    locked[decision.resource] = app.is_locked(decision) and decision or nil
  end
  for index, channel in ipairs(app.channels) do
    items[index] = tile(channel, index, locked[channel.resource])
  end
  items[#items + 1] = app.pass
    and corner_button(text "Sign in", function() app:choose_provider() end)
    or corner_button(text "Sign out", function() app:show "ask_to_sign_out" end)
  return items
end

function Catalog:update(seconds) return self.focus:update(seconds) end

local function draw_lock(item)
  ui.color "text"
  icons.lock(item.x + 32, item.y + 28, 24)
  ui.text("label", "text", item.label, item.x + 56, item.y + 18)
  ui.column("tiny", "soft", item.decision.reason, item.x + 18,
    item.y + H - 68, W - 36, "left", 3)
end

local function draw_item(item, is_focused)
  if item.act then return ui.button(item, is_focused) end
  tiles.draw(item.channel, item.x, item.y, item.decision ~= nil)
  if item.decision then return draw_lock(item) end
  if is_focused then
    ui.color "white"
    icons.play(item.x + W - 34, item.y + 32, 22)
  end
end

function Catalog:draw()
  ui.title(self.title)
  local wide = ui.fonts.small:getWidth(self.badge)
  ui.text("small", "soft", self.badge, ui.RIGHT - 204 - wide, 65)
  for _, item in ipairs(self.focus.items) do
    draw_item(item, item == self.focus:item())
  end
  self.focus:draw(self.focus:item().act and 12 or tiles.RADIUS)
  ui.hints { { "move", text "move" },
    { "OK", text(self.focus:item().decision and "why is it locked?" or "choose") } }
end

function Catalog:key(key)
  if self.focus:key(key) then
    self.app.last = self.focus.at
  elseif key == "ok" then
    local item = self.focus:item()
    if item.act then return item.act() end
    if item.decision then
      return self.app:show("locked", item.channel, item.decision)
    end
    self.app:play(item.channel)
  end
end

local function badge_of(app)
  if app.pass then return text("%d minutes free", app.pass_minutes) end
  return ui.fitted("small", messages.provider_name(app), 320)
end

return function(app, decisions)
  local items = items_of(app, decisions)
  local at = app.last and app.last < #items and app.last or 1
  return setmetatable({ app = app, focus = focus.new(items, at),
    title = text(app.pass and "Free preview" or "Choose a channel"),
    badge = badge_of(app), what = app.pass and "free" or "signed in" },
    Catalog)
end
