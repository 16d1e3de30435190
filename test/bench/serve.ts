import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Ends this process when the one that started it is gone. */
export function endWithParent(): void {
  process.stdin.on('end', () => process.exit())
  process.stdin.resume()
}

/** Longer than a run, in milliseconds: no connection that is kept between two rounds is closed just when it is used again. */
export const keepAliveMs = 600_000

/** Serves on a free port of 127.0.0.1 and prints it as one JSON line, `{"port":N}`. */
export function serve(listener: RequestListener): void {
  endWithParent()
  const server = createServer(listener)
  server.keepAliveTimeout = keepAliveMs
  server.listen(0, '127.0.0.1', 2048, () => {
    const { port } = server.address() as AddressInfo
    process.stdout.write(`${JSON.stringify({ port })}\n`)
  })
}

/** The upstream's port, given to a proxy as its first argument. */
export function upstreamPort(): number {
  const port = Number(process.argv[2])
  if (!Number.isInteger(port) || port < 1) throw new TypeError('the first argument must be the port of the upstream')
  return port
}
