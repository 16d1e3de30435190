import { clock, judge } from './guard-scripts.js'

/** Without word for so long, in milliseconds, nobody waits for a process any more. */
const silentMs = 3000

/** How many processes live that have not joined. */
const countMissing = `
local function countMissing(alive, joined)
  local missing = 0
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', alive, text(now - ${silentMs}), '+inf')) do
    if redis.call('SISMEMBER', joined, id) == 0 then missing = missing + 1 end
  end
  return missing
end
`

/** Puts a call back: `[id, note, [[window, amount, end, when it is forgotten], …]]` as JSON. */
const adopt = `
local function adopt(prefix, json)
  local call = cjson.decode(json)
  local held = prefix .. 'held:' .. call[1]
  if redis.call('EXISTS', held) == 1 then return end
  for _, part in ipairs(call[3]) do
    local window, forgets = prefix .. 'window:' .. part[1], tonumber(part[4])
    if forgets > now then
      local known = tonumber(redis.call('HGET', window, 'f') or '-1')
      if known == -1 then redis.call('HSET', window, 'b', '0', 'e', part[3]) end
      redis.call('HINCRBY', window, 'h', part[2])
      forgets = math.max(forgets, known)
      redis.call('HSET', window, 'f', text(forgets))
      if forgets < 9007199254740991 then redis.call('PEXPIREAT', window, text(forgets + correctable)) else redis.call('PERSIST', window) end
    end
    redis.call('RPUSH', held, window, part[2])
  end
  if #call[3] == 0 then redis.call('RPUSH', held, '', '0') end
  redis.call('ZADD', prefix .. 'leases', text(now + 60000), call[1])
  if call[2] ~= '' then redis.call('HSET', prefix .. 'notes', call[1], call[2]) end
end
`

/**
 * Says that a process lives, and tells the state.
 *
 * KEYS: the processes that live, those that joined, the state, the number of the process. ARGV: the name of the process, the generation, the last
 * number that was acknowledged, that of this command, a name for a loss.
 *
 * Returns `{ verdict, its name, now, n, 'new' or '', when the loss was found, how many are missing, the loss before }`.
 */
export const stateScript = `${clock}${judge}${countMissing}
redis.call('ZADD', KEYS[1], text(now), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now - 60000))
redis.call('PEXPIRE', KEYS[1], '86400000')
local verdict, name = judge(KEYS[3], KEYS[4], ARGV[2], ARGV[3], ARGV[5])
if verdict == 'ok' then redis.call('SET', KEYS[4], ARGV[4], 'PX', '86400000') end
local found = redis.call('HMGET', KEYS[3], 'n', 'new', 'at', 'from')
return { verdict, name, text(now), found[1] or '0', found[2] and 'new' or '', found[3] or '0', text(countMissing(KEYS[1], KEYS[2])), found[4] or '' }`

/** Says that writes were lost. KEYS: the state. ARGV: a name for the loss. */
export const declareScript = `${clock}
if redis.call('HEXISTS', KEYS[1], 'lost') == 0 then redis.call('HSET', KEYS[1], 'lost', ARGV[1], 'at', text(now)) end
return 1`

/**
 * Joins a recovery with some calls. KEYS: the state, the number of the process, the calls that are put back. ARGV: the loss, the number of this
 * command, and the calls. Returns 1, or 0 if that loss is over.
 */
export const joinScript = `
if redis.call('HGET', KEYS[1], 'lost') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', '86400000')
for index = 3, #ARGV do redis.call('HSET', KEYS[3], cjson.decode(ARGV[index])[1], ARGV[index]) end
redis.call('PEXPIRE', KEYS[3], '86400000')
return 1`

/** Says that a process has put all its calls back. KEYS: the state, those that joined. ARGV: the loss, the process. Returns as {@link joinScript}. */
export const joinedScript = `
if redis.call('HGET', KEYS[1], 'lost') ~= ARGV[1] then return 0 end
redis.call('SADD', KEYS[2], ARGV[2])
redis.call('PEXPIRE', KEYS[2], '86400000')
return 1`

/**
 * Puts calls into counts that were built anew. KEYS: the state, the number of the process. ARGV: the prefix, the generation, the number of this
 * command, and the calls. Returns 1, or 0 if the generation is another.
 */
export const adoptScript = `${clock}${adopt}
local found = redis.call('HMGET', KEYS[1], 'g', 'lost')
if found[2] or found[1] ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[2], ARGV[3], 'PX', '86400000')
for index = 4, #ARGV do adopt(ARGV[1], ARGV[index]) end
return 1`

/** Stops a script unless the process leads. KEYS: who leads, the state. ARGV: the process, the loss. */
const led = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('HGET', KEYS[2], 'lost') ~= ARGV[2] then return 0 end
`

/**
 * Lets every note be taken that nobody has put back. KEYS: who leads, the state, the notes, those that are left, the calls that are put back. ARGV:
 * the process, the loss. Returns 1, or 0 if the process does not lead.
 */
export const releaseScript = `${clock}${led}
for _, id in ipairs(redis.call('HKEYS', KEYS[3])) do
  if redis.call('HEXISTS', KEYS[5], id) == 0 then
    local member = redis.call('ZSCORE', KEYS[4], 's:' .. id) and 's:' or 'a:'
    redis.call('ZADD', KEYS[4], text(now), member .. id)
  end
end
return 1`

/** Removes keys. KEYS: who leads, the state, and the keys. ARGV: the process, the loss. Returns as {@link releaseScript}. */
export const removeScript = `${led}
for index = 3, #KEYS do redis.call('UNLINK', KEYS[index]) end
return 1`

/**
 * Writes windows. KEYS: who leads, the state, and the windows. ARGV: the process, the loss, and of each window what is booked, its end, and when
 * it is forgotten. Returns as {@link releaseScript}.
 */
export const writeScript = `${clock}${led}
for index = 3, #KEYS do
  local at = 3 * (index - 3) + 2
  local forgets = tonumber(ARGV[at + 3])
  if forgets > now then
    redis.call('HSET', KEYS[index], 'b', ARGV[at + 1], 'h', '0', 'e', ARGV[at + 2], 'f', ARGV[at + 3])
    if forgets < 9007199254740991 then redis.call('PEXPIREAT', KEYS[index], text(forgets + correctable)) end
  end
end
return 1`

/**
 * Ends a loss. KEYS: who leads, the state, the processes that live, those that joined, the calls that are put back. ARGV: the process, the loss,
 * the prefix, the generation. Returns 1, or 0 if the process does not lead or another one is missing.
 */
export const finishScript = `${clock}${countMissing}${adopt}${led}
if countMissing(KEYS[3], KEYS[4]) > 0 then return 0 end
for _, json in ipairs(redis.call('HVALS', KEYS[5])) do adopt(ARGV[3], json) end
redis.call('HDEL', KEYS[2], 'lost', 'at', 'new')
redis.call('HSET', KEYS[2], 'g', ARGV[4], 'from', ARGV[2])
redis.call('DEL', KEYS[1], KEYS[4], KEYS[5])
return 1`
