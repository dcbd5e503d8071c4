--- Holds what was measured against the ceilings.

local judge = {}

judge.KINDS = { "instructions", "allocations", "requests", "handshakes" }

--- A list of { kind, name, measured, ceiling }, in a steady order. `measured`
-- and `ceilings`: kind -> name -> number; a kind may be missing in the first.
function judge.rows(measured, ceilings)
  local rows = {}
  for _, kind in ipairs(judge.KINDS) do
    local names = {}
    for name in pairs(measured[kind] or {}) do names[#names + 1] = name end
    table.sort(names)
    for _, name in ipairs(names) do
      rows[#rows + 1] = { kind = kind, name = name,
        measured = measured[kind][name], ceiling = ceilings[kind][name] }
    end
  end
  return rows
end

--- What is wrong with a row, in a sentence; or nil.
function judge.complaint(row)
  if not row.ceiling then
    return ("%s: no ceiling for its %s"):format(row.name, row.kind)
  elseif row.measured > row.ceiling then
    return ("%s: %s %s, the ceiling is %s"):format(row.name,
      judge.number(row.measured), row.kind, judge.number(row.ceiling))
  end
end

--- Ceilings that nothing was measured for.
function judge.unused(measured, ceilings)
  local list = {}
  for kind, names in pairs(ceilings) do
    for name in pairs(measured[kind] and names or {}) do
      if not measured[kind][name] then list[#list + 1] = name end
    end
  end
  return list
end

function judge.number(value)
  return (value >= 1000 and "%.0f" or "%.4g"):format(value)
end

return judge
