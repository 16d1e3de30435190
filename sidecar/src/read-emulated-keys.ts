import { type EmulatedGateway, type EmulatedKey, issueKey, keyFormOf } from '@postern/emulator'
import { WrongUsage } from './failure.js'

/** A key is sent in a header: visible ASCII without spaces. */
const headerSafe = /^[\x21-\x7e]{1,256}$/

const nameForm = /^[A-Za-z0-9._-]{1,64}$/

/**
 * Reads the keys that a customer's tests know, each written `NAME=VALUE`; a value may hold further equals signs. Each key of Mintoken is taken
 * with any provider's key.
 *
 * @throws {WrongUsage} if a key does not have the form of the gateway's keys, or a name or value stands twice. The message has the name, not the value.
 */
export function readEmulatedKeys(gateway: EmulatedGateway, written: readonly string[]): ReadonlyMap<string, EmulatedKey> {
  const keys = new Map<string, EmulatedKey>()
  const form = keyFormOf(gateway)
  for (const [index, text] of written.entries()) {
    const end = text.indexOf('=')
    const [name, secret] = [text.slice(0, Math.max(end, 0)), text.slice(end + 1)]
    if (!nameForm.test(name))
      throw new WrongUsage(
        `--key number ${index + 1} has no name. Write NAME=VALUE, with a name of 1 to 64 letters, digits, dots, underscores and hyphens.`,
      )
    if (!headerSafe.test(secret))
      throw new WrongUsage(`The key "${name}" is no key. Write 1 to 256 characters of ASCII without blanks behind ${name}=.`)
    if (form !== undefined && !form.pattern.test(secret))
      throw new WrongUsage(`The key "${name}" is no key of ${gateway}: its keys are ${form.words}, such as ${issueKey(gateway).secret}.`)
    if (keys.has(name)) throw new WrongUsage(`The key "${name}" stands twice. Give each --key a name of its own.`)
    if ([...keys.values()].some((other) => other.secret === secret))
      throw new WrongUsage(`The key "${name}" has the value of another one. Give each a value of its own.`)
    keys.set(name, { secret })
  }
  return keys
}
