/** The signal SIGHUP, which asks for the configuration to be read again. */
export interface HangUps {
  /** Handles every signal from now on, and at once one that came before. */
  handle(listener: () => void): void
}

/** Takes SIGHUP from now on. Call it first: without a listener the signal ends the process. */
export function takeHangUps(): HangUps {
  let listener: (() => void) | undefined
  let isWaiting = false
  process.on('SIGHUP', () => {
    if (listener === undefined) isWaiting = true
    else listener()
  })
  return {
    handle(handler) {
      listener = handler
      if (isWaiting) handler()
    },
  }
}
