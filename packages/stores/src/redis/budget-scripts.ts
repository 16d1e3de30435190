import { clock, guard } from './guard-scripts.js'

/**
 * What the scripts keep, below the prefix: `window:…` a hash of one window (`b` booked, `h` held, `e` its end, `f` when it is
 * forgotten), `held:ID` the parts of a reservation as a list (window, amount, window, …), `leases` and `booked` reservations by the
 * end of their lease, `notes` a hash of their notes, and `left` the notes to be taken by the end of their lease: `a:ID` of a reservation whose
 * lease ended, `s:ID` of a settled one. Amounts stay exact: Lua's numbers hold whole numbers up to 2^53, and `%.0f` writes them in full.
 */
const common = `${guard}
local function state(window, ends)
  local found = redis.call('HMGET', window, 'b', 'h', 'e', 'f')
  local held = tonumber(found[2] or '0')
  if not found[1] or (held == 0 and tonumber(found[4]) <= now) then return 0, 0, ends end
  return tonumber(found[1]), held, found[3]
end
`

/**
 * Sets aside all claims or none.
 *
 * KEYS: the reservation, the leases, the notes, and the window of each claim. ARGV: the reservation's id, the lease in milliseconds, the note
 * (empty: none); of each claim its limit, amount, the start and the end of the window (-1: none), after how many milliseconds it is
 * forgotten (of a window with an end: after that; -2: never), and whether only what is held counts (1 or 0).
 *
 * Returns `{ 'clock', now }` if a window is not that of the present; else `{ now, 'refused' or 'granted', number of the claim that
 * does not fit, booked, held, end, … }`.
 */
export const reserveScript = `${common}
local claims = (#ARGV - 3) / 6
for claim = 1, claims do
  local at = 3 + (claim - 1) * 6
  local ends = tonumber(ARGV[at + 4])
  if now < tonumber(ARGV[at + 3]) or (ends ~= -1 and now >= ends) then return { 'clock', text(now) } end
end
if redis.call('EXISTS', KEYS[1]) == 1 then return redis.error_reply('HELD a reservation of this name exists') end
local claimed = {}
local refused = 0
local answer = { text(now), 'granted', '0' }
for claim = 1, claims do
  local at = 3 + (claim - 1) * 6
  local window = KEYS[3 + claim]
  local booked, held, ends = state(window, ARGV[at + 4])
  if ARGV[at + 6] == '1' then booked = 0 end
  claimed[window] = (claimed[window] or 0) + tonumber(ARGV[at + 2])
  if refused == 0 and booked + held + claimed[window] > tonumber(ARGV[at + 1]) then refused = claim end
  answer[#answer + 1] = text(booked)
  answer[#answer + 1] = text(held)
  answer[#answer + 1] = tostring(ends)
end
if refused ~= 0 then
  answer[2] = 'refused'
  answer[3] = tostring(refused - 1)
  return answer
end
for claim = 1, claims do
  local at = 3 + (claim - 1) * 6
  local window = KEYS[3 + claim]
  local booked, held, ends = state(window, ARGV[at + 4])
  local after = tonumber(ARGV[at + 5])
  local forget
  if tonumber(ARGV[at + 4]) ~= -1 then forget = tonumber(ARGV[at + 4]) + after elseif after == -2 then forget = 9007199254740991 else forget = now + after end
  redis.call('HSET', window, 'b', text(booked), 'h', text(held + tonumber(ARGV[at + 2])), 'e', tostring(ends), 'f', text(forget))
  if after == -2 then redis.call('PERSIST', window) else redis.call('PEXPIREAT', window, text(forget + correctable)) end
  redis.call('RPUSH', KEYS[1], window, ARGV[at + 2])
end
for claim = 1, claims do
  answer[3 * claim + 2] = redis.call('HGET', KEYS[3 + claim], 'h')
end
if claims == 0 then redis.call('RPUSH', KEYS[1], '', '0') end
redis.call('ZADD', KEYS[2], text(now + tonumber(ARGV[2])), ARGV[1])
if ARGV[3] ~= '' then redis.call('HSET', KEYS[3], ARGV[1], ARGV[3]) end
return answer`

/** Begins leases anew. KEYS: the leases, the notes that are left. ARGV: the lease in milliseconds, and the ids. */
export const extendScript = `${common}
local function extend(key, member)
  local ends = redis.call('ZSCORE', key, member)
  if ends and tonumber(ends) > now then redis.call('ZADD', key, text(now + tonumber(ARGV[1])), member) end
end
for index = 2, #ARGV do
  extend(KEYS[1], ARGV[index])
  extend(KEYS[2], 'a:' .. ARGV[index])
  extend(KEYS[2], 's:' .. ARGV[index])
end
return 1`

/**
 * Books what was spent.
 *
 * KEYS: the reservation, the leases, the booked ones, the notes, those that are left. ARGV: the id, the note that stays (empty: none), its
 * lease in milliseconds, and the amount of each claim.
 *
 * Returns `{ now, booked, held, end, … }`, or an empty list if nothing was done.
 */
export const settleScript = `${common}
local parts = redis.call('LRANGE', KEYS[1], 0, -1)
if #parts == 0 then return {} end
local wasBooked = redis.call('ZSCORE', KEYS[3], ARGV[1])
for index = 1, #parts, 2 do
  local window, amount = parts[index], tonumber(parts[index + 1])
  local spent = tonumber(ARGV[(index + 1) / 2 + 3] or parts[index + 1])
  if window ~= '' and redis.call('EXISTS', window) == 1 then
    if wasBooked then
      redis.call('HINCRBY', window, 'b', text(spent - amount))
    else
      redis.call('HINCRBY', window, 'b', text(spent))
      redis.call('HINCRBY', window, 'h', text(0 - amount))
    end
  end
end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[5], 'a:' .. ARGV[1])
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[4], ARGV[1])
else
  redis.call('HSET', KEYS[4], ARGV[1], ARGV[2])
  redis.call('ZADD', KEYS[5], text(now + tonumber(ARGV[3])), 's:' .. ARGV[1])
end
local answer = { text(now) }
for index = 1, #parts, 2 do
  if parts[index] ~= '' then
    local found = redis.call('HMGET', parts[index], 'b', 'h', 'e')
    answer[#answer + 1] = found[1] or '0'
    answer[#answer + 1] = found[2] or '0'
    answer[#answer + 1] = found[3] or '-1'
  end
end
return answer`

/**
 * Tells windows. KEYS: the windows. ARGV: of each its start, its end, and whether only what is held counts. Returns as
 * {@link reserveScript}, without the verdict.
 */
export const lookScript = `${common}
local answer = { text(now) }
for index = 1, #KEYS do
  local ends = tonumber(ARGV[3 * index - 1])
  if now < tonumber(ARGV[3 * index - 2]) or (ends ~= -1 and now >= ends) then return { 'clock', text(now) } end
  local booked, held, last = state(KEYS[index], ARGV[3 * index - 1])
  if ARGV[3 * index] == '1' then booked = 0 end
  answer[#answer + 1] = text(booked)
  answer[#answer + 1] = text(held)
  answer[#answer + 1] = tostring(last)
end
return answer`

/**
 * Books reservations whose lease is over, and forgets what can no longer be corrected.
 *
 * KEYS: the leases, the booked ones, the notes, those that are left. ARGV: the prefix of reservations, how many at most.
 *
 * Returns their ids.
 */
export const abandonScript = `${common}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', text(now - correctable), 'LIMIT', '0', '100')) do
  redis.call('DEL', ARGV[1] .. id)
  redis.call('ZREM', KEYS[2], id)
  redis.call('ZREM', KEYS[4], 'a:' .. id)
  redis.call('HDEL', KEYS[3], id)
end
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', text(now - correctable), 'LIMIT', '0', '100')) do
  redis.call('ZREM', KEYS[4], member)
  redis.call('HDEL', KEYS[3], string.sub(member, 3))
end
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', text(now), 'LIMIT', '0', ARGV[2])
for _, id in ipairs(ids) do
  local parts = redis.call('LRANGE', ARGV[1] .. id, 0, -1)
  for index = 1, #parts, 2 do
    if parts[index] ~= '' and redis.call('EXISTS', parts[index]) == 1 then
      redis.call('HINCRBY', parts[index], 'b', parts[index + 1])
      redis.call('HINCRBY', parts[index], 'h', text(0 - tonumber(parts[index + 1])))
    end
  end
  redis.call('ZREM', KEYS[1], id)
  redis.call('ZADD', KEYS[2], text(now), id)
  if redis.call('HEXISTS', KEYS[3], id) == 1 then redis.call('ZADD', KEYS[4], text(now), 'a:' .. id) end
end
return ids`

/**
 * Takes notes over, also while counts are built anew. KEYS: the notes, those that are left. ARGV: how many at most, the lease in milliseconds,
 * the prefixes of reservations and of windows.
 *
 * Returns `{ member, note, parts, … }`; the parts, of a reservation whose lease ended, are JSON: `[[window, amount, end, when forgotten], …]`.
 */
export const takeNotesScript = `${clock}
local function partsOf(id)
  local listed = redis.call('LRANGE', ARGV[3] .. id, 0, -1)
  local parts = {}
  for index = 1, #listed, 2 do
    local found = redis.call('HMGET', listed[index], 'e', 'f')
    if found[1] then parts[#parts + 1] = { string.sub(listed[index], #ARGV[4] + 1), listed[index + 1], found[1], found[2] } end
  end
  return #parts == 0 and '[]' or cjson.encode(parts)
end
local answer = {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', text(now), 'LIMIT', '0', ARGV[1])) do
  local note = redis.call('HGET', KEYS[1], string.sub(member, 3))
  if note then
    redis.call('ZADD', KEYS[2], text(now + tonumber(ARGV[2])), member)
    answer[#answer + 1] = member
    answer[#answer + 1] = note
    answer[#answer + 1] = string.sub(member, 1, 2) == 'a:' and partsOf(string.sub(member, 3)) or '[]'
  else
    redis.call('ZREM', KEYS[2], member)
  end
end
return answer`

/** Drops notes. KEYS: the notes, those that are left. ARGV: the members. */
export const dropNotesScript = `
for _, member in ipairs(ARGV) do
  if redis.call('ZREM', KEYS[2], member) == 1 then redis.call('HDEL', KEYS[1], string.sub(member, 3)) end
end
return 1`
