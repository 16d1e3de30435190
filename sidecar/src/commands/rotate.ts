import { createInterface } from 'node:readline/promises'
import { checkRingSecret } from '@postern/config'
import {
  confirmNext,
  type Declared,
  noteValidated,
  promoteNext,
  type ReadKey,
  retireFormer,
  revokeLeaked,
  type RingKey,
  rollBack,
  shareNext,
  openSealed,
  takeNext,
  tryRingSecret,
} from '@postern/instance'
import { countOf } from '../count-of.js'
import type { Secret } from '@postern/ports'
import { Failure } from '../failure.js'
import { whileAudited } from '../keys/audit-change.js'
import { describeUses, rowsOfUses, type UsesByName, usesInAudit } from '../keys/describe-uses.js'
import { describeRotation, nextStage, rotationInWords } from '../keys/describe-rotation.js'
import { laxerThan } from '../keys/compare-declared.js'
import { type OpenRing, withRing } from '../keys/open-ring.js'
import { readSecrets, type SecretOptions } from '../keys/read-secrets.js'
import { untilPromotionIsKnown, watchUses } from '../keys/watch-uses.js'
import { print, printJson, printTable } from '../print.js'

/** How long a gateway may take to answer, in milliseconds. */
const trialMs = 30_000

interface RotateOptions extends SecretOptions {
  readonly config: string
  readonly json?: boolean
  /** Answers yes to the question that the command would ask. */
  readonly yes?: boolean
  readonly take?: boolean
  readonly validate?: boolean
  readonly share?: number
  readonly confirm?: boolean
  readonly promote?: boolean
  readonly retire?: boolean
  /** For how many seconds to watch. */
  readonly watch?: number
  readonly budget?: string
  readonly tier?: string
  readonly models?: string
  readonly addresses?: string
  readonly laxer?: boolean
  readonly model?: string
}

const stages = ['take', 'validate', 'share', 'confirm', 'promote', 'retire'] as const

/** Does one stage of a rotation. Without a stage, says how far the rotation is and what comes next. */
export async function rotateKey(alias: string, options: RotateOptions): Promise<number> {
  const asked = [...stages, 'watch' as const].filter((stage) => options[stage] !== undefined)
  if (asked.length > 1) throw new Failure(`One stage at a time: --${asked.join(', --')} are several.`)
  const [stage] = asked
  if (stage === 'watch') return watchKey(alias, options, options.watch as number)
  return onKey(alias, options, async (ring, read) => {
    switch (stage) {
      case 'take':
        return take(ring, read, options)
      case 'validate':
        return validate(ring, read, options)
      case 'share':
        return { key: shareNext(read.key, options.share as number), stage: 'share', share: options.share as number }
      case 'confirm': {
        // Throws at a wrong stage, before the operator is asked. So does each stage below.
        const key = confirmNext(read.key)
        const { new: next } = describeUses(read.key, await ring.editor.usesOf(alias))
        if (next?.calls === 0) process.stderr.write('Postern has sent no call of a caller with the new key yet.\n')
        await agree(options, alias, 'Do the gateway’s own logs or usage show calls of the new key')
        return { key, stage: 'confirm' }
      }
      case 'promote':
        return { key: promoteNext(read.key, Date.now()), stage: 'promote' }
      case 'retire': {
        const key = retireFormer(read.key)
        await agree(options, alias, 'Is the old key disabled or deleted at the gateway')
        // The audit then has the last use of the old one.
        await untilPromotionIsKnown(read.key)
        return { key, stage: 'retire' }
      }
      default:
        return undefined
    }
  })
}

/** Ends a rotation and goes back to the secret from before it. */
export function rollBackKey(alias: string, options: Pick<RotateOptions, 'config' | 'json'>): Promise<number> {
  return onKey(alias, options, async (_, { key }) => {
    const before = rollBack(key)
    if (key.rotation?.stage === 'promoted')
      process.stderr.write('All callers use the old key again. If it was disabled at the gateway, enable it there now.\n')
    return { key: before, stage: 'rollback' }
  })
}

/** Marks the secret of a key as leaked: from then on no process sends it. */
export function revokeKey(alias: string, options: Pick<RotateOptions, 'config' | 'json'> & { readonly leaked?: boolean }): Promise<number> {
  if (options.leaked !== true)
    throw new Failure(
      'Say --leaked: the secret is then sent by nobody, and its callers are refused until there is a new one.\nA key that is only to be replaced is rotated: postern keys rotate.',
    )
  return onKey(alias, options, async (_, { key }) => ({ key: revokeLeaked(key, Date.now()), stage: 'leaked' }))
}

/** A key as it is after a stage. */
interface Stepped {
  readonly key: RingKey
  readonly stage: string
  readonly share?: number
}

async function take({ checked, editor, masterKeys }: OpenRing, read: ReadKey, options: RotateOptions): Promise<Stepped> {
  const { alias, version, key } = read
  const since = version + 1
  // Throws if a rotation is under way, before the operator is asked for a secret.
  takeNext(key, { since, sealed: '' }, Date.now())
  const declared = declaredIn(options) ?? key.declared
  const laxer = laxerThan(key.declared, declared)
  if (laxer.length > 0 && options.laxer !== true)
    throw new Failure(
      `The new key may do more than the one before: ${laxer.join('; ')}.\nGive it the same policy at the gateway, or say --laxer.`,
    )
  const { gateway, project } = key
  const hasProvider = key.secrets.some(({ sealedProvider }) => sealedProvider !== undefined)
  const asked = { alias, gateway, project, label: `the new key of ${alias}`, hasProvider }
  const { secret, providerSecret } = await readSecrets(asked, options, checked, checkRingSecret)
  if (knownSecrets(read, masterKeys).some((known) => known.secret.equals(secret) && isEqual(known.providerSecret, providerSecret)))
    throw new Failure(`${alias} has this secret already, in use or from before.\nCreate a new key at the gateway, and give that one.`)
  const sealed = editor.seal(alias, gateway, since, secret, providerSecret)
  const taken = takeNext(key, { since, ...sealed }, Date.now())
  return { key: { ...taken, ...(declared === undefined ? {} : { declared }) }, stage: 'take' }
}

/** The secrets that the key has now, open. @throws {BrokenSeal} if a master key that sealed one of them is missing. */
function knownSecrets(read: ReadKey, masterKeys: OpenRing['masterKeys']): readonly ReturnType<typeof openSealed>[] {
  return read.key.secrets.map((each) => openSealed(read, each, masterKeys))
}

function isEqual(one: Secret | undefined, other: Secret | undefined): boolean {
  return one === undefined || other === undefined ? one === other : one.equals(other)
}

function declaredIn({ budget, tier, models, addresses }: RotateOptions): Declared | undefined {
  const list = (text: string | undefined): readonly string[] | undefined => text?.split(',').map((each) => each.trim())
  const declared = { budget, tier, models: list(models), addresses: list(addresses) }
  return Object.values(declared).every((each) => each === undefined) ? undefined : declared
}

async function validate({ checked, masterKeys }: OpenRing, read: ReadKey, { model }: RotateOptions): Promise<Stepped> {
  // Throws at a wrong stage, before the gateway is asked.
  noteValidated(read.key, '')
  const trial = await tryRingSecret(read, 'next', { checked, masterKeys, model, signal: AbortSignal.timeout(trialMs) })
  process.stderr.write(`Asked the gateway as ${trial.requestId}. ${trial.reason}\n`)
  if (trial.outcome === 'not tried')
    throw new Failure(
      'Nothing was changed: the gateway has no free call that needs a key.\nSay --model NAME: that model is asked for an answer of 16 tokens.',
    )
  if (trial.outcome !== 'taken')
    throw new Failure(
      `Nothing was changed: the gateway did not take the new key. ${trial.reason}\nAll callers still use the one from before. "postern keys rollback ${read.alias}" forgets the new one.`,
    )
  return { key: noteValidated(read.key, trial.requestId), stage: 'validate' }
}

/** Asks the operator a question, unless `--yes` answers it. @throws {Failure} if the answer is not yes. */
async function agree({ yes }: RotateOptions, alias: string, question: string): Promise<void> {
  if (yes === true) return
  if (!process.stdin.isTTY) throw new Failure(`${question}? If so, say --yes.`)
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await asking.question(`${question}? Type ${alias} if so: `)
    if (answer.trim() !== alias) throw new Failure('Nothing was changed.')
  } finally {
    asking.close()
  }
}

async function onKey(
  alias: string,
  { config, json }: Pick<RotateOptions, 'config' | 'json'>,
  step: (ring: OpenRing, read: ReadKey) => Promise<Stepped | undefined>,
): Promise<number> {
  const [now, uses] = await withRing(config, async (ring) => {
    const read = await ring.editor.read(alias)
    const stepped = await step(ring, read)
    const key = stepped?.key ?? read.key
    if (stepped !== undefined) await writeStage(ring, read, stepped)
    return [key, describeUses(key, await ring.editor.usesOf(alias))] as const
  })
  if (json === true) printJson({ key: alias, ...describeRotation(now), uses, next: nextStage(alias, now) })
  else {
    print(`${alias}: ${rotationInWords(now)}`)
    printUses(uses)
    print(nextStage(alias, now))
  }
  return 0
}

async function writeStage(ring: OpenRing, read: ReadKey, { key, stage, share }: Stepped): Promise<void> {
  const { alias, version } = read
  const entry = {
    what: stage === 'leaked' ? 'key_leaked' : 'key_rotation',
    alias,
    stage,
    version: version + 1,
    ...(share === undefined ? {} : { share }),
    ...(stage === 'validate' ? { validated_by: key.rotation?.validatedBy } : {}),
    ...usesInAudit(describeUses(read.key, await ring.editor.usesOf(alias))),
  } as const
  await whileAudited(ring, entry, () => ring.editor.write(read, key))
}

/**
 * Watches for some seconds how often the secrets of a key are sent.
 *
 * @returns 1 if the old one was, or if no call came at all, of which nothing can be learnt.
 */
async function watchKey(alias: string, { config, json }: Pick<RotateOptions, 'config' | 'json'>, seconds: number): Promise<number> {
  const { uses, sent } = await withRing(config, (ring) => watchUses(ring, alias, seconds))
  if (json === true) printJson({ key: alias, seconds, sent, uses })
  else {
    printUses(uses)
    print(
      `In ${countOf(seconds, 'second')} Postern sent the old secret of ${alias} with ${countOf(sent.old, 'call')}, and the new one with ${countOf(sent.new, 'call')}. Who else sends it, the gateway’s own logs show.`,
    )
    if (sent.old + sent.new === 0) print('No call came, so this says nothing: watch for longer, or see that Postern runs.')
  }
  return sent.old > 0 || sent.new === 0 ? 1 : 0
}

function printUses(uses: UsesByName): void {
  const rows = rowsOfUses(uses, uses.old === undefined ? undefined : Date.now())
  if (rows.length > 0) printTable(['secret', 'calls since --take', 'first', 'last'], rows)
}
