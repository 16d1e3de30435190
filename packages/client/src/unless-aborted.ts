/** Waits for something that does not know of a signal, and no longer than until the signal. */
export async function unlessAborted<Result>(waiting: Promise<Result>, signal: AbortSignal | null | undefined): Promise<Result> {
  if (!signal) return waiting
  // Whoever leaves does not care how it ends.
  waiting.catch(() => {})
  signal.throwIfAborted()
  let left = (): void => {}
  const leaving = new Promise<never>((_, reject) => {
    left = () => reject(signal.reason as Error)
    signal.addEventListener('abort', left, { once: true })
  })
  return Promise.race([waiting, leaving]).finally(() => signal.removeEventListener('abort', left))
}
