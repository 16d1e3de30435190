/** The clock of Redis, and how numbers are written in full. */
export const clock = `
local function text(number) return string.format('%.0f', number) end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local correctable = 86400000
`

/**
 * Judges whether Redis has what it acknowledged to a process. The state is a hash: `g` the generation of the counts, `n` the number of changes,
 * `new` whether nobody has confirmed that generation, `lost` the name of a loss, `at` when it was found, `from` the loss that the generation
 * ended. Each process has the number of its last command in a key of its own, so that what others write meanwhile hides no loss.
 *
 * Returns a verdict and a name: `ok`; `lost`, with the name of the loss; `other`, with the generation, where the process knows none; `behind`,
 * with the generation, where counts were built anew.
 */
export const judge = `
local function ageOf(generation) return tonumber(string.match(generation, '^%d+') or '0') end
local function judge(state, process, generation, acknowledged, name)
  local found = redis.call('HMGET', state, 'g', 'lost')
  if found[2] then return 'lost', found[2] end
  if generation == '' then
    if found[1] then return 'other', found[1] end
    redis.call('HSET', state, 'g', name, 'new', '1')
    return 'other', name
  end
  if found[1] == generation then
    if tonumber(redis.call('GET', process) or '0') >= tonumber(acknowledged) then return 'ok', generation end
  elseif found[1] and ageOf(found[1]) > ageOf(generation) then
    return 'behind', found[1]
  end
  redis.call('HSET', state, 'lost', name, 'at', text(now))
  return 'lost', name
end
`

/** What the reply of a guarded script begins with where the script did nothing. */
export const notDone = '!not done'

/**
 * Begins a script that counts: it does nothing unless Redis has what it acknowledged. The last two KEYS are the state and the number of the
 * process; the last four ARGV the generation, the last number that was acknowledged, that of this command, and a name for a loss. The rest of
 * the script sees its own KEYS and ARGV.
 */
export const guard = `${clock}${judge}
local allKeys, allArgs = KEYS, ARGV
local KEYS, ARGV = {}, {}
for index = 1, #allKeys - 2 do KEYS[index] = allKeys[index] end
for index = 1, #allArgs - 4 do ARGV[index] = allArgs[index] end
do
  local state, process, last = allKeys[#allKeys - 1], allKeys[#allKeys], #allArgs
  local verdict, name = judge(state, process, allArgs[last - 3], allArgs[last - 2], allArgs[last])
  if verdict ~= 'ok' then return { '${notDone}', verdict, name } end
  redis.call('SET', process, allArgs[last - 1], 'PX', '86400000')
  redis.call('HINCRBY', state, 'n', 1)
end
`
