import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConfigInput } from '@postern/config'
import type { CallerLimit } from '@postern/protocol'
import type { Budgets, Recovery, Store } from '@postern/ports'
import { openStore } from '@postern/stores'
import { createPostgresLedger, createPostgresLedgerReader } from '@postern/stores/postgres-ledger'
import { type BilledEnding, type BillingGateway, startBillingGateway } from './billing-gateway.js'
import { type House, openHouse } from './house.js'
import type { PostgresServer } from './postgres-server.js'
import { prepareRedis, type RedisServer } from './redis-server.js'

/** In billionths of a dollar for one token. */
const prices = { input: 1_000_000, output: 2_000_000 }

/** What the team acme may use: little enough to be used up, and what counts without refusing. */
const rules: NonNullable<NonNullable<ConfigInput['limits']>['rules']> = [
  { name: 'requests', each: 'team', per: 'month', requests: 1_000_000 },
  { name: 'tokens', team: 'acme', tokens: 6000 },
  { name: 'money', each: 'team', per: 'month', spend: '1000 USD' },
  { name: 'open', each: 'team', streams: 40 },
]

/** Processes on one Redis that may lose what it acknowledged, in front of one gateway. */
export interface RedisWorld {
  readonly redis: RedisServer
  readonly gateway: BillingGateway
  readonly houses: readonly House[]
  /** Makes a call of a team at one of the processes; gives its status and, of a refusal, its code. 0: it has no answer. */
  call(team: Team, more?: { readonly ending?: BilledEnding; readonly signal?: AbortSignal; readonly at?: number }): Promise<Told>
  /** Callers that call one after the other until they are stopped; gives what they were told. */
  callAll(): { stop(): Promise<readonly Told[]> }
  /** Begins another process. @returns Kills it: nothing of what it does reaches the store any more. */
  begin(): Promise<() => void>
  /** Ends all processes. */
  stopAll(): Promise<void>
  /** What a team is told of its limits; `undefined` while the store cannot be asked. */
  limitsOf(team: Team): Promise<readonly CallerLimit[] | undefined>
  /** Resolves once a call of globex is answered again by each process. */
  untilCounted(): Promise<void>
  /** What the ledger, the counts and the bill of a team say, once they agree or time is up. Default: ten seconds. */
  compare(team: Team, withinMs?: number): Promise<Compared>
  /** Calls that were billed and that the ledger does not have, or more than once. */
  findMisbooked(): Promise<readonly string[]>
  close(): Promise<void>
}

export type Team = 'acme' | 'globex'

export interface Told {
  readonly status: number
  readonly code: string | undefined
}

/** Tokens and calls of one team. */
export interface Compared {
  readonly billed: number
  readonly inLedger: number
  readonly booked: number
  readonly callsBilled: number
  readonly callsInLedger: number
  readonly requests: number
  readonly moneyInLedger: number
  readonly moneyBooked: number
}

/**
 * @param postgres Has the ledger. Default: there is none.
 * @param isStore Whether the PostgreSQL is the store too, and no process uses the Redis.
 */
export async function openRedisWorld(count: number, postgres?: PostgresServer, isStore = false): Promise<RedisWorld> {
  const redis = await prepareRedis()
  await redis.start()
  const gateway = await startBillingGateway()
  const schema = `s${randomUUID().replaceAll('-', '')}`
  const closing: (() => Promise<unknown>)[] = []
  const houses: House[] = []
  const perMillion = { input: prices.input / 1000, output: prices.output / 1000 }
  const config: Partial<ConfigInput> = {
    gateways: { main: { dialect: 'openai', baseURL: gateway.baseURL, attempts: 1 } },
    limits: { prices: { version: '1', prices: [{ model: 'm*', unit: 'USD', perMillion }] }, rules },
  }

  async function begin(): Promise<() => void> {
    const ledger = postgres === undefined ? undefined : createPostgresLedger({ url: postgres.url, schema, log: () => {} })
    const store = openStore(
      isStore && postgres !== undefined ? { postgres: { url: postgres.url, schema } } : { redis: { url: redis.url, prefix: 'p[*]:' } },
    )
    const state = { isDead: false }
    const house = await openHouse({ config, store: untilDead(store, state), ...(ledger === undefined ? {} : { ledger }) })
    houses.push(house)
    closing.push(async () => {
      await house.close()
      await store.close()
      await ledger?.close()
    })
    return () => {
      state.isDead = true
      houses.splice(houses.indexOf(house), 1)
    }
  }

  async function stopAll(): Promise<void> {
    houses.length = 0
    await Promise.all(closing.splice(0).map((close) => close()))
  }

  const call: RedisWorld['call'] = async (team, { ending = 'whole', signal, at = 0 } = {}) => {
    const house = houses[at % houses.length] as House
    try {
      const answer = await fetch(`${house.baseURL}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${house.callers[team]}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'm1',
          max_tokens: 100,
          messages: [{ role: 'user', content: 'Hello' }],
          metadata: { ending, team },
          ...(ending === 'hangs' ? { stream: true } : {}),
        }),
        ...(signal === undefined ? {} : { signal }),
      })
      const { error } = (await answer.json()) as { readonly error?: { readonly code?: string } }
      return { status: answer.status, code: error?.code }
    } catch {
      return { status: 0, code: undefined }
    }
  }

  async function limitsOf(team: Team, house = houses[0] as House): Promise<readonly CallerLimit[] | undefined> {
    const answer = await fetch(house.baseURL.replace(/\/v1$/, '/limits'), { headers: { authorization: `Bearer ${house.callers[team]}` } })
    return answer.ok ? ((await answer.json()) as { readonly limits: readonly CallerLimit[] }).limits : undefined
  }

  async function look(team: Team): Promise<Compared> {
    const limits = (await limitsOf(team)) ?? []
    const usedOf = (name: string): number => {
      const limit = limits.find((each) => each.name === name)
      return limit === undefined ? Number.NaN : limit.limit - limit.left
    }
    const bill = gateway.bill.filter(({ body }) => (body['metadata'] as { readonly team: string }).team === team)
    const reader = createPostgresLedgerReader({ url: postgres?.url ?? '', schema })
    const [row] = (await reader.usage({ sinceMs: 0, untilMs: Date.now() + 60_000, by: ['team'], only: { team } })) as [
      Awaited<ReturnType<typeof reader.usage>>[number] | undefined,
    ]
    await reader.close()
    return {
      billed: bill.reduce((sum, { input, output }) => sum + input + output, 0),
      inLedger: (row?.input ?? 0) + (row?.output ?? 0),
      booked: usedOf('tokens'),
      callsBilled: bill.length,
      callsInLedger: (row?.calls ?? 0) - (row?.refused ?? 0),
      requests: usedOf('requests'),
      moneyInLedger: Number(row?.costs[0]?.amount ?? 0n),
      moneyBooked: Math.round(usedOf('money') * 1e9),
    }
  }

  for (let index = 0; index < count; index += 1) await begin()

  return {
    redis,
    gateway,
    houses,
    call,
    begin,
    limitsOf,
    stopAll,
    callAll() {
      const told: Told[] = []
      const state = { isOver: false }
      const callers = Array.from({ length: 8 }, async (_, index) => {
        while (!state.isOver) {
          told.push(await call(index % 2 === 0 ? 'acme' : 'globex', { at: index >> 1 }))
          await sleep(20)
        }
      })
      return {
        async stop() {
          state.isOver = true
          await Promise.all(callers)
          return told
        },
      }
    },
    async untilCounted() {
      const until = performance.now() + 60_000
      for (const at of houses.keys())
        for (;;) {
          const { status } = await call('globex', { at })
          if (status === 200) break
          if (performance.now() > until)
            throw new Error(`Process ${at} still answers ${status}: ${houses[at]?.ledger.entries.at(-1)?.cause}`)
          await sleep(50)
        }
    },
    async compare(team, withinMs = 10_000) {
      const until = performance.now() + withinMs
      for (;;) {
        const found = await look(team)
        const agrees = (team !== 'acme' || found.booked === found.inLedger) && found.moneyBooked === found.moneyInLedger
        if ((agrees && found.requests === found.callsInLedger) || performance.now() > until) return found
        await sleep(50)
      }
    },
    async findMisbooked() {
      const reader = createPostgresLedgerReader({ url: postgres?.url ?? '', schema })
      const calls = await reader.calls({ sinceMs: 0, untilMs: Date.now() + 60_000, most: 1_000_000 })
      await reader.close()
      const found = new Map<string, number>()
      for (const { requestId } of calls) found.set(requestId, (found.get(requestId) ?? 0) + 1)
      return gateway.bill.flatMap(({ requestId }) => (found.get(requestId) === 1 ? [] : [`${requestId}: ${found.get(requestId) ?? 0}`]))
    },
    async close() {
      gateway.letGo()
      await stopAll()
      await gateway.close()
      await redis.close()
    },
  }
}

/** A store as one process has it, which nothing reaches once the process is dead. */
function untilDead(store: Store, state: { readonly isDead: boolean }): Store {
  const mortal = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, name) {
        const found = (target as Record<string | symbol, unknown>)[name]
        if (typeof found !== 'function') return found
        return (...given: unknown[]): unknown =>
          state.isDead ? Promise.reject(new Error('The process is dead.')) : (found as (...of: unknown[]) => unknown)(...given)
      },
    })
  const { recovery } = store.budgets
  const budgets: Budgets = mortal({ ...store.budgets, ...(recovery === undefined ? {} : { recovery: mortal<Recovery>(recovery) }) })
  return { ...store, budgets, close: async () => {} }
}
