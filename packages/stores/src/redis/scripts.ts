/**
 * Adds one to the count of a key. The first count sets its lifetime.
 *
 * KEYS: the key. ARGV: its lifetime in milliseconds.
 */
export const countScript = `
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return count`

/**
 * Appends a revocation, deletes those among the oldest hundred that have expired, and extends the lifetime of the
 * stream to that of the entry that lives longest.
 *
 * KEYS: the stream. ARGV: kind, name, at, until, the lifetime in milliseconds, the time up to which an `until` has
 * expired.
 */
export const revokeScript = `
redis.call('XADD', KEYS[1], '*', 'kind', ARGV[1], 'name', ARGV[2], 'at', ARGV[3], 'until', ARGV[4])
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 100)) do
  if tonumber(entry[2][8]) <= tonumber(ARGV[6]) then redis.call('XDEL', KEYS[1], entry[1]) end
end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[5]) then redis.call('PEXPIRE', KEYS[1], ARGV[5]) end
return 1`

/**
 * Takes a lock, or extends it for who holds it, and returns who holds it.
 *
 * KEYS: the lock. ARGV: the holder, the lifetime in milliseconds.
 */
export const lockScript = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return holder end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]`

/**
 * Frees a lock, if this holder has it.
 *
 * KEYS: the lock. ARGV: the holder.
 */
export const unlockScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1`
