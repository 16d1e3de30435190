/**
 * Waits for SIGINT (Ctrl-C) or SIGTERM, and then for `close`. A second signal meanwhile ends the process at once. Afterwards the signals do
 * again what they do by themselves.
 *
 * @param begun Tells whoever started the process that it runs. It is called once signals are waited for: one that follows at once must
 *   not end the process before `close`.
 */
export async function untilSignal(close: (signal: NodeJS.Signals) => Promise<void>, begun: () => void): Promise<void> {
  let take: (signal: NodeJS.Signals) => void = () => {}
  const first = new Promise<NodeJS.Signals>((resolve) => {
    let isFirst = true
    take = (signal) => {
      if (!isFirst) process.exit(1)
      isFirst = false
      resolve(signal)
    }
  })
  process.on('SIGINT', take)
  process.on('SIGTERM', take)
  try {
    begun()
    await close(await first)
  } finally {
    process.off('SIGINT', take)
    process.off('SIGTERM', take)
  }
}
