/** Waits for something that does not know of a signal, and no longer than until the signal. */
export async function unlessAborted<Result>(waiting: Promise<Result>, signal: AbortSignal | null | undefined): Promise<Result> {
  if (!signal) return waiting
  // Whoever leaves does not care how it ends.
  waiting.catch(() => {})
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', leave)
    void waiting.then(resolve, reject).then(() => signal.removeEventListener('abort', leave))
  })
}
