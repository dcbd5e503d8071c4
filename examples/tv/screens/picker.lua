--- The provider picker, with the offer of a temporary pass.

local focus = require "focus"
local icons = require "icons"
local text = require "text"
local ui = require "ui"

local Picker = {}
Picker.__index = Picker

local COLUMNS, WIDTH, HEIGHT, GAP = 3, 362, 84, 25
local TOP, BOTTOM = 166, ui.BOTTOM - 52
local GLIDE = 14

-- A color for each provider, derived from its name: there are no logos.
local HUES = { { 0.29, 0.53, 0.91 }, { 0.85, 0.39, 0.34 },
  { 0.30, 0.66, 0.47 }, { 0.72, 0.46, 0.83 }, { 0.90, 0.60, 0.26 },
  { 0.24, 0.64, 0.70 } }

local function hue_of(name)
  local sum = 0
  for index = 1, #name do sum = sum + name:byte(index) * index end
  return HUES[sum % #HUES + 1]
end

local function offer_item(pass)
  return { x = ui.LEFT, y = TOP, width = ui.RIGHT - ui.LEFT, height = HEIGHT,
    label = text("Watch %d minutes free", pass.minutes), pass = pass }
end

local function provider_item(provider, index, top)
  local row, column = math.floor((index - 1) / COLUMNS), (index - 1) % COLUMNS
  return { x = ui.LEFT + column * (WIDTH + GAP), width = WIDTH,
    y = top + row * (HEIGHT + GAP), height = HEIGHT,
    label = provider.display_name, provider = provider,
    hue = hue_of(provider.display_name) }
end

-- The offer is the first item, so that it is visible.
local function items_of(providers, pass)
  local items = { pass and offer_item(pass) }
  local top = pass and TOP + HEIGHT + GAP or TOP
  for index, provider in ipairs(providers) do
    items[#items + 1] = provider_item(provider, index, top)
  end
  return items
end

-- The focused item must be completely visible.
local function aim(self)
  local item = self.focus:item()
  local low, high = item.y + HEIGHT - BOTTOM, item.y - TOP
  return math.min(math.max(self.aim, low), high)
end

function Picker:update(seconds)
  local moves = self.focus:update(seconds)
  self.aim = aim(self)
  local scroll, scrolls = focus.glide(self.scroll, self.aim, seconds, GLIDE)
  self.scroll = scroll
  return moves or scrolls
end

local function draw_provider(item)
  ui.color "panel"
  ui.box(item.x, item.y, WIDTH, HEIGHT)
  ui.color(item.hue)
  ui.disc(item.x + 46, item.y + HEIGHT / 2, 25)
  local first = item.label:match "^.?[\128-\191]*" -- of UTF-8
  ui.centered("label", "white", first:upper(), item.x + 21, item.y, 50, HEIGHT)
  item.fitted = item.fitted or ui.fitted("body", item.label, WIDTH - 108)
  ui.text("body", "text", item.fitted, item.x + 88,
    item.y + (item.provider.remembered and 14 or 27))
  if item.provider.remembered then
    ui.text("tiny", "good", text "Last time", item.x + 89, item.y + 48)
  end
end

local function draw_offer(item)
  ui.color { 0.10, 0.24, 0.20 }
  ui.box(item.x, item.y, item.width, HEIGHT)
  ui.color "good"
  icons.clock(item.x + 46, item.y + HEIGHT / 2, 42)
  ui.text("strong", "text", item.label, item.x + 88, item.y + 14)
  ui.text("small", "soft", text "No sign-in needed", item.x + 88, item.y + 46)
end

-- Covers rows that have scrolled behind the title and the hints.
local function draw_edges()
  ui.color "background"
  love.graphics.rectangle("fill", 0, ui.BAND, ui.WIDTH, TOP - 14 - ui.BAND)
  love.graphics.rectangle("fill", 0, BOTTOM + 14, ui.WIDTH, ui.HEIGHT)
end

function Picker:draw()
  love.graphics.push()
  love.graphics.translate(0, -self.scroll)
  for _, item in ipairs(self.focus.items) do
    local y = item.y - self.scroll
    if y > TOP - HEIGHT - 30 and y < BOTTOM + 30 then
      if item.pass then draw_offer(item) else draw_provider(item) end
    end
  end
  self.focus:draw(14)
  love.graphics.pop()
  if self.tallest > BOTTOM then draw_edges() end
  ui.title(text "Choose your TV provider",
    text "The company that provides your TV service at home.")
  ui.hints { { "move", text "move" }, { "OK", text "choose" } }
end

function Picker:key(key)
  if self.focus:key(key) or key ~= "ok" then return end
  local item = self.focus:item()
  if item.provider then return self.app:sign_in(item.provider) end
  self.app:show("offer", item.pass)
end

return function(app, providers, pass)
  local items = items_of(providers, pass)
  local last = items[#items]
  return setmetatable({ app = app, scroll = 0, aim = 0,
    focus = focus.new(items, pass and math.min(2, #items) or 1),
    tallest = last.y + HEIGHT }, Picker)
end
