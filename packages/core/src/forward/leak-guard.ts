/** Lets bytes pass, but for secrets and for what may be the beginning of one. */
export interface LeakGuard {
  /** What may pass now; `undefined` where a secret is in it. */
  pass(chunk: Buffer): Buffer | undefined
  /** What was held back, once nothing can follow it. */
  rest(): Buffer
}

export function createLeakGuard(secrets: readonly string[]): LeakGuard {
  const needles = secrets.map((secret) => Buffer.from(secret))
  let held = nothing
  return {
    pass(chunk) {
      const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      if (needles.some((needle) => bytes.includes(needle))) return undefined
      const open = Math.max(0, ...needles.map((needle) => beginningAtEnd(bytes, needle)))
      held = open === 0 ? nothing : Buffer.from(bytes.subarray(bytes.length - open))
      return open === 0 ? bytes : bytes.subarray(0, bytes.length - open)
    },
    rest() {
      const rest = held
      held = nothing
      return rest
    },
  }
}

const nothing = Buffer.alloc(0)

/** How many of the last bytes are the first of the needle. */
function beginningAtEnd(bytes: Buffer, needle: Buffer): number {
  for (let length = Math.min(bytes.length, needle.length - 1); length > 0; length -= 1) {
    if (bytes.subarray(bytes.length - length).equals(needle.subarray(0, length))) return length
  }
  return 0
}
