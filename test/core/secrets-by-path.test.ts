import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Secret, secretsOfKeys, SecretsByPath } from '@postern/ports'

const alias = fc.stringMatching(/^[a-c.]{1,3}(?:secret|providerSecret)?$/)
const secret = fc.option(
  fc.constantFrom('one', 'two').map((text) => new Secret(text)),
  { nil: undefined },
)
const keys = fc.uniqueArray(fc.record({ alias, secret, providerSecret: secret }), { selector: (key) => key.alias, maxLength: 5 })
const otherPaths = [
  'admin.secret',
  'store.redis',
  'HTTPS_PROXY',
  'keys.a.secret.oauth.clientSecret',
  'keys.b.secret.variables[A.B]',
] as const
const others = fc.uniqueArray(fc.tuple(fc.constantFrom(...otherPaths), fc.constant(new Secret('three'))), { selector: ([path]) => path })

test('secrets that stay at their keys are found, listed and counted as in a map by their paths', () => {
  fc.assert(
    fc.property(keys, others, (those, further) => {
      const byPath = new SecretsByPath(new Map(those.map((key) => [key.alias, key])))
      const plain = new Map<string, Secret>()
      for (const key of those) {
        if (key.secret !== undefined) plain.set(`keys.${key.alias}.secret`, key.secret)
        if (key.providerSecret !== undefined) plain.set(`keys.${key.alias}.providerSecret`, key.providerSecret)
      }
      for (const [path, each] of further) {
        byPath.set(path, each)
        plain.set(path, each)
      }
      const listed: [string, Secret][] = []
      byPath.forEach((each, path) => listed.push([path, each]))
      expect([...byPath]).toEqual([...plain])
      expect(listed).toEqual([...plain])
      expect([...byPath.keys()]).toEqual([...plain.keys()])
      expect(byPath.size).toBe(plain.size)
      expect([...byPath.values()].map((each) => each.reveal()).toSorted()).toEqual(
        [...plain.values()].map((each) => each.reveal()).toSorted(),
      )
      for (const path of [...plain.keys(), ...otherPaths, 'keys..secret', 'keys.a', 'keys.a.project', 'secret', 'keys.secret']) {
        expect([path, byPath.get(path)?.reveal()]).toEqual([path, plain.get(path)?.reveal()])
        expect([path, byPath.has(path)]).toEqual([path, plain.has(path)])
      }
      const told = (secrets: ReadonlyMap<string, Secret>) => [...secretsOfKeys(secrets)].map(([name, each]) => [name, each.reveal()])
      expect(told(byPath)).toEqual(told(plain))
    }),
    { numRuns: 300 },
  )
})
