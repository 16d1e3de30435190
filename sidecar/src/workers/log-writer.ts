import type { PrimaryQuestions, Ask } from './questions.js'

/** How many characters may wait for the primary; beyond that, lines are lost. */
const mostWaiting = 16 * 1024 * 1024

/** How long the primary may take for lines, in milliseconds. */
const answerMs = 10_000

/**
 * Writes the lines of a worker's log through the primary, so that lines of several processes never run into each other.
 *
 * @param lost Called when lines are lost.
 */
export function createLogWriter(
  ask: Ask<PrimaryQuestions>,
  lost: (reason: string) => void,
): { write(lines: string): void; flush(): Promise<void> } {
  let waiting = ''
  let writing: Promise<void> | undefined

  async function writeAll(): Promise<void> {
    while (waiting !== '') {
      const text = waiting
      waiting = ''
      await ask('lines', [text], answerMs).catch((error: Error) => lost(error.message))
    }
    writing = undefined
  }

  return {
    write(lines) {
      if (waiting.length + lines.length > mostWaiting) lost('nobody reads them')
      else waiting += lines
      writing ??= writeAll()
    },
    flush: () => writing ?? Promise.resolve(),
  }
}
