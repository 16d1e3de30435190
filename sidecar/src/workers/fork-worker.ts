import cluster from 'node:cluster'
import type { Duplex } from 'node:stream'
import { type Link, openLink } from '@postern/stores/channel'
import { commandFile } from '../command-file.js'
import { channelDescriptor, workerStreams } from './channel-descriptor.js'
import { closeWhatIsNotTaken } from './close-what-is-not-taken.js'
import { type Ask, askOver, type WorkerQuestions } from './questions.js'

/** How a worker ended: with a code, or by a signal. */
export interface WorkerEnding {
  readonly code: number | null
  readonly signal: string | null
}

/** A worker that runs. */
export interface WorkerProcess {
  readonly pid: number
  readonly link: Link
  readonly ask: Ask<WorkerQuestions>
  /** Resolves once the process has ended and all that it said was heard. */
  readonly ended: Promise<WorkerEnding>
  kill(): void
}

/**
 * Begins a worker. It has the environment of this process, which has no variable with a secret any more. This process listens at the address
 * of the data listener and gives each connection to one worker, in turn.
 */
export function forkWorker(): WorkerProcess {
  cluster.schedulingPolicy = cluster.SCHED_RR
  cluster.setupPrimary({ exec: commandFile(), args: ['worker'], stdio: [...workerStreams] })
  const worker = cluster.fork()
  const { process: child } = worker
  closeWhatIsNotTaken(child)
  const link = openLink(child.stdio[channelDescriptor] as Duplex)
  const exit = new Promise<WorkerEnding>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    // It could not be begun.
    worker.once('error', () => resolve({ code: null, signal: null }))
  })
  worker.on('error', () => {})
  return {
    pid: child.pid ?? 0,
    link,
    ask: askOver<WorkerQuestions>(link),
    ended: Promise.all([exit, link.closed]).then(([ending]) => ending),
    kill: () => void child.kill('SIGKILL'),
  }
}
