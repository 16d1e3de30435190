/** Waits for something that does not know of a signal, and no longer than until the signal. */
export async function unlessAborted<Result>(waiting: Promise<Result>, signal: AbortSignal | null | undefined): Promise<Result> {
  if (!signal) return waiting
  return new Promise((resolve, reject) => {
    // Some platforms' signals have no reasons, such as React Native's.
    const leave = (): void => reject((signal.reason as unknown) ?? new Error('aborted'))
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave)
    void waiting.then(resolve, reject).then(() => signal.removeEventListener('abort', leave))
  })
}
