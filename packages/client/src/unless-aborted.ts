/** Waits for a promise. Rejects with the signal's reason as soon as the signal aborts. */
export async function unlessAborted<Result>(waiting: Promise<Result>, signal: AbortSignal | null | undefined): Promise<Result> {
  if (!signal) return waiting
  return new Promise((resolve, reject) => {
    // On some platforms, such as React Native, a signal has no `reason`.
    const leave = (): void => reject((signal.reason as unknown) ?? new Error('aborted'))
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave)
    void waiting.then(resolve, reject).then(() => signal.removeEventListener('abort', leave))
  })
}
