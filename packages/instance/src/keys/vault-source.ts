import { asObject, readObject, secondsToMs } from './ask-source.js'
import { readSourced, type SecretSource, SourceFailure } from './secret-source.js'
import type { VaultClient } from './vault-client.js'

/** The share of a lease after which its secret is read again. */
const againAt = 2 / 3

/** A field of a secret in Vault's key/value engine, version 2. @param place `<mount>/data/<path>#<field>`. */
export function createVaultSource(client: VaultClient, place: string): SecretSource {
  const hash = place.lastIndexOf('#')
  const [path, field] = [place.slice(0, hash), place.slice(hash + 1)]
  return {
    kind: 'vault',
    async read(signal) {
      const answer = await client.read(path, signal)
      if (answer.status === 404) throw new SourceFailure('Vault says that there is no such secret.', true)
      if (answer.status === 403) throw new SourceFailure('Vault does not let this token or AppRole read it (status 403).')
      if (answer.status !== 200) throw new SourceFailure(`Vault answered with status ${answer.status}.`)
      const whole = readObject(answer)
      const data = asObject(whole['data'])
      const fields = asObject(data['data'])
      if (!Object.hasOwn(fields, field)) throw new SourceFailure('The secret in Vault has no such field.', true)
      const leaseMs = secondsToMs(whole['lease_duration'])
      return {
        secret: readSourced(fields[field]),
        leaseMs,
        againMs: leaseMs === undefined ? undefined : leaseMs * againAt,
        madeAt: timeOf(asObject(data['metadata'])['created_time']),
      }
    },
  }
}

function timeOf(value: unknown): number | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}
