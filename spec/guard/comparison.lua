--- Compares measurements with their ceilings.

local comparison = {}

comparison.KINDS = { "instructions", "allocations", "requests", "handshakes",
  "KiB of memory" }

--- Returns a sorted list of { kind, name, measured, ceiling }. `measured` and
-- `ceilings` are kind -> name -> number; a kind may be missing in the first.
function comparison.rows(measured, ceilings)
  local rows = {}
  for _, kind in ipairs(comparison.KINDS) do
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

--- Returns a sentence if a row exceeds its ceiling or has none; else nil.
function comparison.complaint(row)
  if not row.ceiling then
    return ("%s: no ceiling for its %s"):format(row.name, row.kind)
  elseif row.measured > row.ceiling then
    return ("%s: %s %s, the ceiling is %s"):format(row.name,
      comparison.number(row.measured), row.kind, comparison.number(row.ceiling))
  end
end

--- Returns the names of ceilings without a measurement.
function comparison.unused(measured, ceilings)
  local list = {}
  for kind, names in pairs(ceilings) do
    for name in pairs(measured[kind] and names or {}) do
      if not measured[kind][name] then list[#list + 1] = name end
    end
  end
  return list
end

function comparison.number(value)
  return (value >= 1000 and "%.0f" or "%.4g"):format(value)
end

return comparison
