import type { Secret } from '@postern/ports'
import { type Problem, problem } from './problem.js'
import type { Config } from './schema.js'

/** The fewest characters of a master key. */
const shortestMasterKey = 32

/** What makes one. */
const makeMasterKey = 'Make one with: openssl rand -base64 32'

/** The path of the secret of a master key. */
export function masterKeyPath(index: number): string {
  return `keyRing.masterKeys[${index}].secret`
}

/** Checks that the store can keep a ring, and that its master keys are long enough and differ. */
export function checkKeyRing({ keyRing, store }: Config, secrets: ReadonlyMap<string, Secret>, problems: Problem[]): void {
  if (keyRing === undefined) return
  if (store?.memory !== undefined || store?.redis !== undefined)
    problems.push(
      problem(
        'keyRing',
        'needs a store that keeps keys, and this one does not.',
        'Write store: { sqlite: ./postern.db }, or { postgres: … }.',
      ),
    )
  const ids = new Set<string>()
  const texts: [string, Secret][] = []
  for (const [index, { id }] of keyRing.masterKeys.entries()) {
    if (ids.has(id)) problems.push(problem(`keyRing.masterKeys[${index}].id`, 'is that of another master key.', 'Give each its own.'))
    ids.add(id)
    const path = masterKeyPath(index)
    const secret = secrets.get(path)
    if (secret === undefined) continue
    if (secret.reveal().length < shortestMasterKey)
      problems.push(problem(path, `is shorter than ${shortestMasterKey} characters.`, makeMasterKey))
    const twin = texts.find(([, other]) => other.equals(secret))
    if (twin !== undefined) problems.push(problem(path, `is the same secret as ${twin[0]}.`, makeMasterKey))
    texts.push([path, secret])
  }
}
