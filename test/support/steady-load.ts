import { Agent, request } from 'node:http'
import OpenAI from 'openai'

/** What a load has met so far. */
export interface LoadTold {
  readonly begun: number
  readonly ended: number
  readonly streams: number
  readonly failures: readonly string[]
  /** The longest that a call without a stream took, in milliseconds. */
  readonly longestMs: number
  /** How often the `openai` package repeated a request. */
  readonly repeated: number
}

export interface SteadyLoad {
  told(): LoadTold
  /** Begins no further call, and returns once all have ended. */
  stop(): Promise<LoadTold>
}

export interface LoadOptions {
  /** The base URL of the API. */
  readonly url: string
  readonly credential: string
  /** How many calls begin in a second, by which kind of client. */
  readonly perSecond: { readonly onNewConnections: number; readonly byOpenai: number; readonly streams: number }
}

const sentence = 'one two three four five six seven eight nine ten'
const messages = [{ role: 'user' as const, content: sentence }]

/**
 * Calls at a steady rate, as three kinds of clients do: one that opens a connection for each call and repeats nothing, and the
 * `openai` package as it comes, which keeps connections, for answers in one piece and for streams.
 */
export function startLoad({ url, credential, perSecond }: LoadOptions): SteadyLoad {
  const failures: string[] = []
  const underWay = new Set<Promise<void>>()
  let [begun, ended, streams, longestMs, sent, asked] = [0, 0, 0, 0, 0, 0]
  const client = new OpenAI({
    baseURL: url,
    apiKey: credential,
    fetch: (...args) => {
      sent += 1
      return fetch(...args)
    },
  })

  const call = (what: string, work: () => Promise<void>): void => {
    begun += 1
    const done: Promise<void> = work()
      .catch((error: unknown) => void failures.push(`${what}: ${describe(error)}`))
      .finally(() => {
        ended += 1
        underWay.delete(done)
      })
    underWay.add(done)
  }
  const timed = async (work: () => Promise<unknown>): Promise<void> => {
    const from = performance.now()
    await work()
    longestMs = Math.max(longestMs, performance.now() - from)
  }
  const kinds: readonly (readonly [perSecond: number, begin: () => void])[] = [
    [perSecond.onNewConnections, () => call('on a new connection', () => timed(() => callOnce(url, credential)))],
    [
      perSecond.byOpenai,
      () => {
        asked += 1
        call('by openai', () => timed(() => client.chat.completions.create({ model: 'auto', messages })))
      },
    ],
    [
      perSecond.streams,
      () => {
        asked += 1
        call('a stream', async () => {
          let text = ''
          for await (const event of await client.chat.completions.create({ model: 'auto', messages, stream: true }))
            text += event.choices[0]?.delta.content ?? ''
          if (!text.includes(sentence)) throw new Error(`It ended after "${text}".`)
          streams += 1
        })
      },
    ],
  ]

  const from = performance.now()
  const counts = kinds.map(() => 0)
  const clock = setInterval(() => {
    for (const [index, [rate, begin]] of kinds.entries())
      for (const due = ((performance.now() - from) / 1000) * rate; (counts[index] as number) < due; (counts[index] as number) += 1) begin()
  }, 10)
  const told = (): LoadTold => ({ begun, ended, streams, failures, longestMs, repeated: sent - asked })
  return {
    told,
    async stop() {
      clearInterval(clock)
      await Promise.all(underWay)
      return told()
    },
  }
}

const agent = new Agent({ keepAlive: false })

function callOnce(url: string, credential: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${credential}`, 'Content-Type': 'application/json' }
    const asked = request(`${url}/chat/completions`, { method: 'POST', agent, headers }, (answer) => {
      let text = ''
      answer.on('data', (piece: Buffer) => (text += piece.toString()))
      answer.on('error', reject)
      answer.on('end', () => {
        if (answer.statusCode === 200 && text.includes(sentence)) resolve()
        else reject(new Error(`${answer.statusCode} ${text}`))
      })
    })
    asked.on('error', reject)
    asked.end(JSON.stringify({ model: 'auto', messages }))
  })
}

function describe(error: unknown): string {
  const { message, cause } = error as Error
  return cause === undefined ? message : `${message} (${describe(cause)})`
}
