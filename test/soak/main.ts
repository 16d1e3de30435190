import { stopAll } from '../bench/child.js'
import { main } from './command.js'

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.on(signal, () => void stopAll().finally(() => process.exit(status)))
}

process.exit(await main(process.argv.slice(2)))
