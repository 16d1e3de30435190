import { createClient, ErrorReply } from '@redis/client'

/** How long a command may take, with the connection that it may need first, in milliseconds. */
const answerMs = 1500

/** The last part of that, which begins anew where this process was held up in the first. */
const lastMs = 100

/** How long calls are refused without another attempt after one that failed, in milliseconds. */
const restMs = 100

/** Sends one command. */
export type SendCommand = (command: readonly string[]) => Promise<unknown>

/** A connection to Redis that is made when it is needed, and made anew when it was lost. */
export interface RedisConnection {
  /**
   * Rejects within {@link answerMs} whatever Redis does. A command that was given up may have been carried
   * out all the same. The message says what is wrong and nothing of the address, nor of what Redis said
   * beyond the first word, since that may repeat what it was sent.
   */
  readonly send: SendCommand
  readonly close: () => void
}

interface Attempt {
  readonly client: ReturnType<typeof openClient>
  readonly ready: Promise<unknown>
  /** Why it was given up. */
  reason: string | undefined
}

/** @throws {Error} where the address is none of Redis; it is not repeated. */
export function createRedisConnection(url: string): RedisConnection {
  checkUrl(url)
  let current: Attempt | undefined
  let closed = false
  let failedAt = -Infinity
  let failure = ''

  function connect(): Attempt {
    const client = openClient(url)
    // Without a listener an 'error' would end the process.
    client.on('error', (error) => giveUp(attempt, reasonOf(error)))
    const attempt: Attempt = { client, ready: client.connect(), reason: undefined }
    void watch(attempt)
    return attempt
  }

  async function watch(attempt: Attempt): Promise<void> {
    try {
      await attempt.ready
      // Given up meanwhile: a socket that was still being opened was not closed then.
      if (current !== attempt) attempt.client.destroy()
    } catch (error) {
      giveUp(attempt, reasonOf(error))
      failedAt = performance.now()
      failure = attempt.reason ?? ''
    }
  }

  function giveUp(attempt: Attempt, reason: string): void {
    attempt.reason ??= reason
    if (current === attempt) current = undefined
    attempt.client.destroy()
  }

  return {
    async send(command) {
      if (closed) throw new Error('The store is closed.')
      if (current === undefined && performance.now() - failedAt < restMs) throw cannotBeUsed(failure)
      const attempt = (current ??= connect())
      let timer: NodeJS.Timeout | undefined
      const deadline = new Promise<never>((_, reject) => {
        const fail = (): void => {
          const reason = `no answer within ${answerMs} ms`
          reject(cannotBeUsed(reason))
          // Answers come in order, so everything behind waits too; and the other end may be gone without a word.
          giveUp(attempt, reason)
        }
        // Where this process was held up itself, the answer may have come and not been read yet.
        timer = setTimeout(() => {
          timer = setTimeout(fail, lastMs)
        }, answerMs - lastMs)
      })
      const answer = attempt.ready
        .then(() => attempt.client.sendCommand(command))
        .catch((error: unknown) => {
          throw cannotBeUsed(attempt.reason ?? reasonOf(error))
        })
      try {
        return await Promise.race([answer, deadline])
      } finally {
        clearTimeout(timer)
      }
    },
    close() {
      closed = true
      if (current !== undefined) giveUp(current, 'it is closed')
    },
  }
}

/**
 * The library's own reconnecting waits longer and longer and knows only of sockets that were closed, and its time
 * limit ends where a command is written: here both are ours.
 */
function openClient(url: string) {
  return createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    commandOptions: { timeout: 0 },
    socket: { connectTimeout: answerMs, reconnectStrategy: false },
  })
}

function checkUrl(url: string | undefined): asserts url is string {
  if (typeof url !== 'string')
    throw new Error("The address of Redis is missing. Write it as a text: { redis: { url: 'rediss://user:password@host:port' } }.")
  const wrong = new Error('The address of Redis is no URL of the form rediss://user:password@host:port or redis://….')
  if (!/^rediss?:\/\/[^/]/.test(url)) throw wrong
  try {
    openClient(url).destroy()
  } catch {
    // What is thrown there has the address in it.
    throw wrong
  }
}

/** `ECONNREFUSED`, `WRONGPASS`: a word that can have come from nobody's secret. */
function reasonOf(error: unknown): string {
  const word = error instanceof ErrorReply ? /^[A-Z]+/.exec(error.message)?.[0] : (error as { code?: unknown }).code
  return typeof word === 'string' ? word : 'the connection was lost'
}

function cannotBeUsed(reason: string): Error {
  return new Error(`Redis cannot be used: ${reason}.`)
}
