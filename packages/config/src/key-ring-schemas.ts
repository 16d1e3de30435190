import { z } from 'zod'
import { fault } from './fault.js'
import { alias, secretReference, type Settings } from './schema-parts.js'

/** The keys that are kept in the store, and change while Postern runs. */
export function createKeyRingSchema(strict: Settings) {
  const masterKey = strict({
    id: alias.describe('its name, which stands at what it has sealed'),
    secret: secretReference.describe('the master key: 32 random bytes or more, as text'),
  })
  return strict({
    masterKeys: z
      .array(masterKey)
      .min(1, fault('is empty', 'Write one: [{ id: k1, secret: { env: POSTERN_MASTER_KEY } }].'))
      .max(4, fault('has more than four', 'Remove those with which nothing is sealed any more; "postern keys list" says which are in use.'))
      .describe('what seals [the keys in the store](keys.md#the-key-ring): the first seals, each opens'),
  })
}
