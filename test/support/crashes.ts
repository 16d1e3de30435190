import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LedgerReader, UsageRow } from '@postern/ports'
import type { CallerLimit } from '@postern/protocol'
import { createSessionMinter } from '@postern/server'
import { type NotingGateway, startNotingGateway } from './noting-gateway.js'
import { randomFrom } from './random-bill.js'
import { type RunningPostern, startPostern } from './run-postern.js'

/** Where the process keeps its counts and its calls, as the configuration says, and how its ledger is read. */
export interface CrashPlace {
  /** In the folder of the configuration. */
  readonly settings: (folder: string) => { readonly store: object; readonly ledger: object }
  readonly read: (folder: string) => LedgerReader
  /** How long after the last start everything may take to be booked, in milliseconds. */
  readonly bookedWithinMs: number
  readonly env?: Readonly<Record<string, string>>
}

/** What a schedule of crashes showed. */
export interface CrashesTold {
  readonly seen: number
  readonly interrupted: number
  /** The ids of calls that the gateway saw and the ledger has not, or more than once. */
  readonly missing: readonly string[]
  readonly doubled: readonly string[]
  /** Of each caller: what its gateway billed, what the ledger says and what the limit has booked, in tokens and in billionths of a dollar. */
  readonly sums: readonly {
    readonly user: string
    readonly limit: number
    readonly billed: number
    readonly inLedger: number
    readonly booked: number
    readonly billedMoney: number
    readonly inLedgerMoney: number
    readonly bookedMoney: number
  }[]
}

const secret = 'a session secret of more than 32 characters'

/** What each user may use, in tokens: the second uses it up. */
const limits = { ada: 1_000_000_000, bob: 20_000 } as const
type User = keyof typeof limits
const users = Object.keys(limits) as readonly User[]

/** In billionths of a dollar for one token. */
const prices = { input: 2_500, output: 10_000 }

/** How many calls are under way at once. */
const callers = 12

/**
 * Kills a process under load at random moments, each time followed by a start, and compares at the end what the gateway saw with the ledger
 * and the counts.
 */
export async function playCrashes(kills: number, seed: number, place: CrashPlace): Promise<CrashesTold> {
  const random = randomFrom(seed)
  const folder = mkdtempSync(join(tmpdir(), 'postern-crashes-'))
  const gateway = await startNotingGateway(random)
  const minter = createSessionMinter({ secret })
  const mint = async (): Promise<Record<User, string>> => {
    const minted = users.map(async (user) => [user, (await minter.mint({ user, team: 'acme', ttl: '10m' })).token] as const)
    return Object.fromEntries(await Promise.all(minted)) as Record<User, string>
  }
  configure(folder, gateway, place)
  let running: RunningPostern | undefined
  try {
    for (let kill = 0; kill < kills; kill += 1) {
      running = start(folder, place)
      const url = (await running.prints(/"url":"([^"]+)"/))[1] as string
      const load = startCallers(url, `k${kill}`, await mint(), random)
      // Some die before they have done anything, while they see to what the one before left.
      await untilSeen(gateway, random() < 0.1 ? 0 : Math.floor(random() * 80))
      await sleep(random() * 40)
      running.child.kill('SIGKILL')
      await running.finished
      await load.stop()
    }
    running = start(folder, place)
    const url = (await running.prints(/"url":"([^"]+)"/))[1] as string
    const tokens = await mint()
    const look = async (): Promise<CrashesTold> =>
      compare(gateway, place.read(folder), kills, await Promise.all(users.map((user) => bookedOf(url, tokens[user]))))
    const until = performance.now() + place.bookedWithinMs
    let told = await look()
    while (!agrees(told) && performance.now() < until) {
      await sleep(100)
      told = await look()
    }
    running.child.kill('SIGTERM')
    await running.finished
    return told
  } finally {
    running?.child.kill('SIGKILL')
    await running?.finished
    await gateway.close()
    rmSync(folder, { recursive: true })
  }
}

function configure(folder: string, gateway: NotingGateway, place: CrashPlace): void {
  const perMillion = { input: prices.input / 1000, output: prices.output / 1000 }
  const config = {
    version: 1,
    listen: { port: 0 },
    gateways: { main: { dialect: 'openai', baseURL: gateway.baseURL } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session: { secret: { env: 'SESSION' } } },
    limits: {
      prices: { version: '1', prices: [{ model: 'm*', unit: 'USD', perMillion }] },
      rules: [
        ...users.map((user) => ({ name: `tokens-${user}`, user, tokens: limits[user] })),
        { name: 'money', each: 'user', spend: '1000000 USD' },
        { name: 'open', each: 'user', streams: 1000 },
      ],
    },
    ...place.settings(folder),
  }
  writeFileSync(join(folder, 'postern.json'), JSON.stringify(config))
}

function start(cwd: string, { env }: CrashPlace): RunningPostern {
  return startPostern(['start', '--config', 'postern.json'], {
    cwd,
    env: { KEY: 'sk-0123456789abcdef0123', SESSION: secret, ...env },
  })
}

/** Waits until the gateway has seen so many more calls, for ten seconds at most: a limit may refuse them. */
async function untilSeen({ bill }: NotingGateway, more: number): Promise<void> {
  const [from, until] = [bill.length, performance.now() + 10_000]
  while (bill.length < from + more && performance.now() < until) await sleep(2)
}

/** Callers that call one after the other, until the process is gone. */
function startCallers(
  url: string,
  workflow: string,
  tokens: Readonly<Record<User, string>>,
  random: () => number,
): { stop(): Promise<void> } {
  const state = { isOver: false }
  const work = Array.from({ length: callers }, async (_, index) => {
    const user = index % 6 === 0 ? 'bob' : 'ada'
    while (!state.isOver) {
      const body = {
        model: 'm1',
        max_tokens: 1 + Math.floor(random() * 200),
        messages: [{ role: 'user', content: 'Hello' }],
        ...(random() < 0.5 ? { stream: true } : {}),
      }
      const headers = { authorization: `Bearer ${tokens[user]}`, 'content-type': 'application/json', 'x-workflow-id': workflow }
      await fetch(`${url}/chat/completions`, { method: 'POST', headers, body: JSON.stringify(body) }).then(
        (answer) => answer.text().catch(() => {}),
        () => {},
      )
      await sleep(1)
    }
  })
  return {
    async stop() {
      state.isOver = true
      await Promise.all(work)
    },
  }
}

async function limitsOf(url: string, token: string): Promise<readonly CallerLimit[]> {
  const answer = await fetch(url.replace(/\/v1$/, '/limits'), { headers: { authorization: `Bearer ${token}` } })
  return ((await answer.json()) as { readonly limits: readonly CallerLimit[] }).limits
}

/** What the limits of a user have booked: tokens, and billionths of a dollar. */
async function bookedOf(url: string, token: string): Promise<readonly [tokens: number, money: number]> {
  const found = await limitsOf(url, token)
  const usedOf = (name: RegExp): number => {
    const limit = found.find((each) => name.test(each.name))
    return limit === undefined ? Number.NaN : limit.limit - limit.left
  }
  return [usedOf(/^tokens/), Math.round(usedOf(/^money/) * 1e9)]
}

/** Whether ledger, counts and gateway say the same. */
export function agrees({ missing, doubled, sums }: CrashesTold): boolean {
  const isSame = sums.every((sum) => sum.inLedger === sum.booked && sum.inLedgerMoney === sum.bookedMoney)
  return missing.length === 0 && doubled.length === 0 && isSame
}

async function compare(
  gateway: NotingGateway,
  reader: LedgerReader,
  kills: number,
  booked: readonly (readonly [tokens: number, money: number])[],
): Promise<CrashesTold> {
  try {
    const rows = await reader.usage({ sinceMs: 0, untilMs: Date.now() + 60_000, by: ['user'] })
    const calls = await Promise.all(Array.from({ length: kills }, (_, kill) => reader.workflow(`k${kill}`)))
    const owners = new Map<string, { count: number; user: string | undefined; finish: string | undefined }>()
    for (const { requestId, user, finish } of calls.flatMap((run) => run.calls)) {
      const id = callIdOf(requestId)
      owners.set(id, { count: (owners.get(id)?.count ?? 0) + 1, user, finish })
    }
    const seen = new Set(gateway.bill.map(({ requestId }) => callIdOf(requestId)))
    const billOf = (user: User): NotingGateway['bill'] =>
      gateway.bill.filter(({ requestId }) => owners.get(callIdOf(requestId))?.user === user)
    return {
      seen: seen.size,
      interrupted: [...owners.values()].filter(({ finish }) => finish === 'interrupted').length,
      missing: [...seen].filter((id) => !owners.has(id)),
      doubled: [...owners].filter(([, { count }]) => count > 1).map(([id]) => id),
      sums: users.map((user, index) => {
        const row = rows.find(({ group }) => group.user === user)
        const bill = billOf(user)
        return {
          user,
          limit: limits[user],
          billed: bill.reduce((sum, { input, output }) => sum + input + output, 0),
          inLedger: (row?.input ?? 0) + (row?.output ?? 0),
          booked: booked[index]?.[0] ?? Number.NaN,
          billedMoney: bill.reduce((sum, { input, output }) => sum + input * prices.input + output * prices.output, 0),
          inLedgerMoney: moneyIn(row),
          bookedMoney: booked[index]?.[1] ?? Number.NaN,
        }
      }),
    }
  } finally {
    await reader.close()
  }
}

function moneyIn(row: UsageRow | undefined): number {
  return Number(row?.costs.find(({ unit }) => unit === 'USD')?.amount ?? 0n)
}

/** Without the number of the attempt. */
function callIdOf(requestId: string): string {
  return requestId.slice(0, requestId.lastIndexOf('.'))
}
