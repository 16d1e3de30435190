import type { Choices } from '../choices.js'
import type { Fault, FaultKind } from '../fault.js'
import { show } from '../inputs/bytes.js'
import { type Received, type Visit, visit } from '../stand/exchange.js'
import { ofNobody } from '../stand/behind.js'
import { plantedShapes } from '../stand/key-forms.js'
import { partOfRequest } from '../stand/request-reader.js'
import type { OpenSubject, Stand, SubjectName } from '../stand/stand.js'
import type { Script } from '../stand/upstream.js'
import type { BatchResult, Context, OpenTarget } from '../target.js'
import { longestTurnMs, took } from './bounds.js'
import { runCanary } from './canary.js'
import { watchMemory } from './memory.js'

/** Connections at once. */
const atOnce = 128

/** One input for a process. */
export interface SocketInput {
  readonly visit: Visit
  /** Which door of the process; default its own. */
  readonly at?: 'admin'
  /** What the servers behind do with it. */
  readonly scripts?: Partial<Record<'gateway' | 'backend' | 'identity', Script>>
  /** What is wrong with what came back. */
  readonly judge: (received: Received) => readonly Fault[]
}

export interface SocketTargetOptions {
  readonly subject: SubjectName
  /** @param number Its own among all inputs of the run, by which servers behind Postern know it. */
  readonly make: (choices: Choices, number: number, stand: Stand) => SocketInput
  /** Called before each batch. */
  readonly prepare?: (subject: OpenSubject) => Promise<void>
  /** The servers' numbers for an input, where it is not its own. */
  readonly scriptNumber?: (number: number) => number
}

let inputs = 0

/** A target that is a process: a batch of visits at once, and then a hard look at the process itself. */
export async function openSocketTarget({ stand: openStand }: Context, options: SocketTargetOptions): Promise<OpenTarget> {
  const stand = await openStand()
  const upstreams = { gateway: stand.gateway, backend: stand.backend, identity: stand.identity }
  const memory = watchMemory(stand, options.subject)

  async function runOne(choices: Choices, number: number, subject: OpenSubject): Promise<readonly Fault[]> {
    const input = options.make(choices, number, stand)
    const known = Object.entries(input.scripts ?? {}) as [keyof typeof upstreams, Script][]
    const scriptNumber = options.scriptNumber?.(number) ?? number
    for (const [name, script] of known) upstreams[name].scripts.set(scriptNumber, script)
    const received = await visit(input.at === 'admin' ? { path: subject.adminSocket } : { port: subject.port }, input.visit)
    for (const [name] of known) upstreams[name].scripts.delete(scriptNumber)
    // What a process that has ended did not answer is that one fault, and no other.
    return subject.process.hasEnded ? [] : input.judge(received)
  }

  return {
    async run(batch): Promise<BatchResult> {
      const subject = await stand.subject(options.subject)
      if (options.prepare !== undefined) {
        await options.prepare(subject)
        // What the preparation took is no turn of the batch.
        await subject.process.ask()
      }
      const each: Fault[][] = batch.map(() => [])
      const first = inputs + 1
      inputs += batch.length
      let next = 0
      const worker = async (): Promise<void> => {
        while (next < batch.length && !subject.process.hasEnded) {
          const index = next
          next += 1
          each[index]?.push(...(await runOne(batch[index] as Choices, first + index, subject)))
        }
      }
      await Promise.all(Array.from({ length: Math.min(atOnce, batch.length) }, worker))
      const { faults, turnMs } = await inspect(stand, subject)
      const together = faults.filter((fault) => {
        const owner = each[Number(/\bfz-(\d+)-/.exec(fault.detail ?? '')?.[1]) - first]
        owner?.push(fault)
        return owner === undefined
      })
      return { each: subject.process.hasEnded ? batch.map(() => []) : each, together, longestTurnMs: turnMs }
    },
    describe(choices) {
      const { visit: made, scripts = {}, at } = options.make(choices, 0, stand)
      const answers = Object.entries(scripts).map(
        ([name, { pieces, ending }]) => `the ${name} answers (then: ${ending})\n    ${show(pieces)}`,
      )
      const door =
        at === 'admin' ? 'the admin socket' : `the door of the ${options.subject === 'sidecar' ? 'sidecar' : 'Express application'}`
      return [`a client sends to ${door} (then: ${made.leave})\n    ${show(made.pieces)}`, ...answers].join('\n  ')
    },
    settle: () => memory.settle(),
  }
}

/** What shows in the process, in what it printed, and in what reached the servers behind it. */
async function inspect(stand: Stand, subject: OpenSubject): Promise<{ readonly faults: Fault[]; readonly turnMs: number }> {
  const { process } = subject
  const vitals = await process.ask()
  const canary = process.hasEnded || vitals === undefined ? [] : await runCanary(stand, subject)
  const faults = [...inspectLog(process.takePrinted(), stand), ...(await inspectUpstreams(stand))]
  if (process.hasEnded) return { faults: [...faults, { kind: 'crash', what: process.describeEnd(), detail: process.errors }], turnMs: 0 }
  if (vitals === undefined) {
    await process.stop()
    return { faults: [...faults, { kind: 'stall', what: 'the process says nothing for half a minute' }], turnMs: 30_000 }
  }
  if (vitals.longestTurnMs > longestTurnMs) {
    faults.push({ kind: 'stall', what: 'one turn of the loop took too long', ...took(vitals.longestTurnMs) })
  }
  for (const warning of vitals.warnings) faults.push({ kind: 'warning', what: warning.replaceAll(/\d+/g, 'N') })
  return { faults: [...faults, ...canary], turnMs: vitals.longestTurnMs }
}

/** How long a part of a request may wait for its rest when no client is there any more, in milliseconds. */
const leftoverMs = 500

async function inspectUpstreams({ gateway, backend }: Stand): Promise<Fault[]> {
  const leftovers = [...(await gateway.takeLeftovers(leftoverMs)), ...(await backend.takeLeftovers(leftoverMs))]
  const faults = [...gateway.takeFaults(), ...backend.takeFaults(), ...leftovers]
  return faults.map((fault) => ({ kind: kindOf(fault), what: fault.replace(/: .*$/s, ''), detail: fault }))
}

function kindOf(fault: string): FaultKind {
  if (fault.startsWith(ofNobody)) return 'promise'
  return fault.startsWith(partOfRequest) ? 'left open' : 'smuggled'
}

function inspectLog(printed: string, { findKey, secrets }: Stand): Fault[] {
  const faults: Fault[] = []
  const leaked = findKey(Buffer.from(printed, 'latin1'))
  if (leaked !== undefined) faults.push({ kind: 'key out', what: `a secret in the log, ${leaked.form}`, detail: leaked.name })
  const members = new Set<string>()
  for (const { index } of printed.matchAll(plantedShapes)) members.add(memberAround(printed, index))
  for (const member of members) {
    // Whoever signs tokens or keeps accounts chooses names, and not the client.
    if (!['user', 'team', 'project'].includes(member))
      faults.push({ kind: 'key out', what: `text in the shape of a key in the log, in ${member}` })
  }
  if (Object.values(secrets.callers).some((credential) => printed.includes(credential))) {
    faults.push({ kind: 'key out', what: 'the credential of a caller in the log' })
  }
  return faults
}

/** The member of a log line in which something stands. */
function memberAround(printed: string, at: number): string {
  const before = printed.slice(Math.max(0, at - 400), at)
  return [...before.matchAll(/"([\w.]+)":/g)].at(-1)?.[1] ?? 'a line'
}
