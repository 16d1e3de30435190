/** The streams of a worker: those of every process, what `node:cluster` needs, and the pipe of its link to the primary. */
export const workerStreams = ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'] as const

/** The file descriptor of the pipe. */
export const channelDescriptor: number = workerStreams.indexOf('pipe')
