/** Watches bytes for secrets, across the edges of chunks. */
export interface LeakGuard {
  /** Whether a secret ends in this chunk. */
  leaks(chunk: Buffer): boolean
}

export function createLeakGuard(secrets: readonly string[]): LeakGuard {
  const needles = secrets.map((secret) => Buffer.from(secret))
  const overlap = Math.max(0, ...needles.map((needle) => needle.length - 1))
  let tail: Buffer = Buffer.alloc(0)
  return {
    leaks(chunk) {
      const edge = Buffer.concat([tail, chunk.subarray(0, overlap)])
      if (needles.some((needle) => chunk.includes(needle) || edge.includes(needle))) return true
      tail = Buffer.from(
        chunk.length >= overlap ? chunk.subarray(chunk.length - overlap) : edge.subarray(Math.max(0, edge.length - overlap)),
      )
      return false
    },
  }
}
