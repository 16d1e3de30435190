import { Socket } from 'node:net'
import { openLink } from '@postern/stores/channel'
import { Failure, WrongUsage } from '../failure.js'
import { channelDescriptor } from '../workers/channel-descriptor.js'
import { answerOver } from '../workers/questions.js'
import { type ServedCalls, serveCalls } from '../workers/serve-calls.js'

/**
 * Serves callers as one worker of `postern start`, until the primary says that it is over, or has ended.
 *
 * @throws {WrongUsage} if nobody began it as a worker.
 */
export async function worker(): Promise<number> {
  if (process.send === undefined) throw new WrongUsage('This command is begun by "postern start", where listen.workers is above 1.')
  // They reach every process of a terminal or of a service. The primary says what is to be done.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  const link = openLink(new Socket({ fd: channelDescriptor }))
  let serving: Promise<ServedCalls> | undefined
  const served = (): Promise<ServedCalls> => serving ?? Promise.reject(new Failure('This worker has not begun.'))
  answerOver(link, {
    begin: async (beginning) => (await (serving = serveCalls(link, beginning))).url,
    take: async (config) => (await served()).take(config),
    readiness: async () => (await served()).readiness(),
    counted: async () => (await served()).counted(),
    liveCalls: async (most, team) => (await served()).liveCalls(most, team),
    leave: async (takenMs) => (await served()).leave(takenMs),
    end: async (deadlineMs) => (await served()).end(deadlineMs),
  })
  await link.closed
  // Whatever is still open here is of no use any more: without the primary there is no store, and nobody listens.
  process.exit(0)
}
