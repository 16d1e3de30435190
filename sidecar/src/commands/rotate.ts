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
  takeNext,
  tryRingSecret,
} from '@postern/instance'
import { countOf } from '../count-of.js'
import { Failure } from '../failure.js'
import { whileAudited } from '../keys/audit-change.js'
import { describeUses, rowsOfUses, type UsesByName, usesInAudit } from '../keys/describe-uses.js'
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
  return onKey(alias, options, async (_, { key }) => ({ key: rollBack(key), stage: 'rollback' }))
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

async function take({ checked, editor }: OpenRing, { alias, version, key }: ReadKey, options: RotateOptions): Promise<Stepped> {
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
  const read = { alias, gateway, project, label: `the new key of ${alias}`, hasProvider }
  const { secret, providerSecret } = await readSecrets(read, options, checked, checkRingSecret)
  const sealed = editor.seal(alias, gateway, since, secret, providerSecret)
  const taken = takeNext(key, { since, ...sealed }, Date.now())
  return { key: { ...taken, ...(declared === undefined ? {} : { declared }) }, stage: 'take' }
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
  if (json === true) printJson({ key: alias, ...describe(now), uses, next: nextOf(alias, now) })
  else {
    print(`${alias}: ${inWords(now)}`)
    printUses(uses)
    print(nextOf(alias, now))
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

/** Watches for some seconds how often the secrets of a key are sent. @returns 1 if the old one was. */
async function watchKey(alias: string, { config, json }: Pick<RotateOptions, 'config' | 'json'>, seconds: number): Promise<number> {
  const { uses, oldCalls } = await withRing(config, (ring) => watchUses(ring, alias, seconds))
  if (json === true) printJson({ key: alias, seconds, old_calls: oldCalls, uses })
  else {
    printUses(uses)
    print(
      `In ${countOf(seconds, 'second')} Postern sent the old secret of ${alias} with ${countOf(oldCalls, 'call')}. Who else sends it, the gateway’s own logs show.`,
    )
  }
  return oldCalls === 0 ? 0 : 1
}

function printUses(uses: UsesByName): void {
  const rows = rowsOfUses(uses, Date.now())
  if (rows.length > 0) printTable(['secret', 'calls', 'first', 'last'], rows)
}

function describe({ rotation, secrets }: RingKey): object {
  return {
    secrets: secrets.map(({ role, addedAt, leaked }) => ({
      role,
      added: new Date(addedAt).toISOString(),
      ...(leaked === true ? { leaked } : {}),
    })),
    ...(rotation === undefined ? {} : { stage: rotation.stage, share: rotation.share, validated_by: rotation.validatedBy }),
  }
}

function inWords({ rotation, secrets }: RingKey): string {
  if (secrets.every(({ role }) => role !== 'current'))
    return 'its secret has leaked and is sent by nobody; its callers get 503 key_unavailable.'
  if (rotation === undefined) return 'no rotation is under way.'
  const share = rotation.share === 0 ? '' : ` ${rotation.share} of a hundred callers use the new secret.`
  const validated = rotation.validatedBy === undefined ? '' : ` It was validated as ${rotation.validatedBy}.`
  return `a rotation is at the stage "${rotation.stage}".${share}${validated}`
}

/** What comes next, each with the command that does it. */
function nextOf(alias: string, { rotation, secrets }: RingKey): string {
  const rotate = `postern keys rotate ${alias}`
  const stage = rotation?.stage
  const isGone = stage === 'promoted' && secrets.some(({ role, leaked }) => role === 'former' && leaked === true)
  const back = isGone ? '' : `; back: postern keys rollback ${alias}`
  const hasWaiting = secrets.every(({ role }) => role !== 'current')
  if (hasWaiting && stage !== undefined && stage !== 'taken') return `Next, since its callers wait: ${rotate} --promote${back}`
  switch (stage) {
    case undefined:
      return `Next: create a new key at the gateway with the same policy or a stricter one, then ${rotate} --take`
    case 'taken':
      return `Next: ${rotate} --validate${back}`
    case 'validated':
      return `Next: ${rotate} --share 10${back}`
    case 'sharing':
      return `Next: more callers (${rotate} --share 50), or, once the gateway's own logs show its calls, ${rotate} --confirm${back}`
    case 'confirmed':
      return `Next: ${rotate} --promote${back}`
    case 'promoted':
      return `Next: see that it is not sent any more (${rotate} --watch 60), disable the old key at the gateway, look there for calls of others that still use it, then ${rotate} --retire${back}`
  }
}
