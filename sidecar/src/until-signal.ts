/** Waits for SIGINT (Ctrl-C) or SIGTERM. A second signal ends the process at once. */
export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first = true
    const take = (signal: NodeJS.Signals): void => {
      if (!first) process.exit(1)
      first = false
      resolve(signal)
    }
    process.on('SIGINT', take)
    process.on('SIGTERM', take)
  })
}
