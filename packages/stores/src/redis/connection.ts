import { StoreNotAsked } from '@postern/ports'
import { createClient, ErrorReply } from '@redis/client'

/** How long a command may take, in milliseconds, including the connection that it may need first. */
const answerMs = 1500

/**
 * The last part of `answerMs`, in milliseconds, with its own timer: if our event loop was blocked, the answer may be
 * waiting unread.
 */
const lastMs = 100

/** After a failed connection, how long calls are refused without a new attempt, in milliseconds. */
const restMs = 100

/** Sends one command. */
export type SendCommand = (command: readonly string[]) => Promise<unknown>

/** A connection to Redis: opened when a command needs it, and opened again after it was lost. */
export interface RedisConnection {
  /**
   * Rejects within {@link answerMs} whatever Redis does. A command that was given up may still have been carried out,
   * unless it rejects with `StoreNotAsked`: then it was never sent.
   * The message contains neither the URL nor, beyond its first word, the reply of Redis, which may repeat what it was
   * sent.
   */
  readonly send: SendCommand
  readonly close: () => void
}

interface Attempt {
  readonly client: ReturnType<typeof openClient>
  readonly ready: Promise<unknown>
  /** Why the connection was given up. */
  reason: string | undefined
}

/** @throws {Error} if the URL is not one of Redis; the message does not repeat it. */
export function createRedisConnection(url: string): RedisConnection {
  checkUrl(url)
  let current: Attempt | undefined
  let closed = false
  let failedAt = -Infinity
  let failure = ''

  function connect(): Attempt {
    const client = openClient(url)
    // Without a listener an 'error' event would end the process.
    client.on('error', (error) => giveUp(attempt, reasonOf(error)))
    const attempt: Attempt = { client, ready: client.connect(), reason: undefined }
    void watch(attempt)
    return attempt
  }

  async function watch(attempt: Attempt): Promise<void> {
    try {
      await attempt.ready
      // `giveUp` ran while the socket was being opened, and could not close it then.
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
      if (closed) throw new StoreNotAsked('The store is closed.')
      if (current === undefined && performance.now() - failedAt < restMs) throw new StoreNotAsked(cannotBeUsed(failure))
      const attempt = (current ??= connect())
      let timer: NodeJS.Timeout | undefined
      let sent = false
      const errorFor = (reason: string): Error => (sent ? new Error(cannotBeUsed(reason)) : new StoreNotAsked(cannotBeUsed(reason)))
      const deadline = new Promise<never>((_, reject) => {
        const fail = (): void => {
          const reason = `no answer within ${answerMs} ms`
          reject(errorFor(reason))
          // Redis answers in order, so every later command waits too; and the other end may be gone without notice.
          giveUp(attempt, reason)
        }
        // If our event loop was blocked, the answer may have arrived and not been read: wait `lastMs` more.
        timer = setTimeout(() => {
          timer = setTimeout(fail, lastMs)
        }, answerMs - lastMs)
      })
      const answer = attempt.ready
        .then(() => {
          sent = true
          return attempt.client.sendCommand(command)
        })
        .catch((error: unknown) => {
          throw errorFor(attempt.reason ?? reasonOf(error))
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
 * Reconnecting and time limits are ours. The library's reconnecting waits longer and longer and notices only sockets
 * that were closed; its time limit ends when a command is written.
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
    // The library's error contains the URL.
    throw wrong
  }
}

/** An error code such as `ECONNREFUSED`, or the first word of a reply such as `WRONGPASS`: neither contains a secret. */
function reasonOf(error: unknown): string {
  const word = error instanceof ErrorReply ? /^[A-Z]+/.exec(error.message)?.[0] : (error as { code?: unknown }).code
  return typeof word === 'string' ? word : 'the connection was lost'
}

function cannotBeUsed(reason: string): string {
  return `Redis cannot be used: ${reason}.`
}
