/** The signal SIGHUP, which asks for the configuration to be read again. */
export interface HangUps {
  /** Handles every signal from now on, and at once one that came before. */
  handle(listener: () => void): void
  /** Handles no further signal. One that still comes does not end the process. */
  release(): void
}

/** What each start in this process does with the signal. */
const handlers = new Set<() => void>()
let listens = false

/** Takes SIGHUP from now on. Call it first: without a listener the signal ends the process. */
export function takeHangUps(): HangUps {
  let listener: (() => void) | undefined
  let isWaiting = false
  const hear = (): void => {
    if (listener === undefined) isWaiting = true
    else listener()
  }
  handlers.add(hear)
  // One listener for all starts, which stays: a signal that comes while the last one ends must not end the process with an error.
  if (!listens) process.on('SIGHUP', () => handlers.forEach((each) => each()))
  listens = true
  return {
    handle(handler) {
      listener = handler
      if (isWaiting) handler()
    },
    release: () => void handlers.delete(hear),
  }
}
