/** Searches output for secrets, in every usual encoding. */
export interface Canary {
  /** The secrets that were found, as `name of the secret (encoding)`; empty if there are none. */
  search(text: string | Uint8Array): readonly string[]
}

/** @param secrets Each under a name that may be printed. */
export function createCanary(secrets: Readonly<Record<string, string>>): Canary {
  const needles = Object.entries(secrets).flatMap(([name, secret]) =>
    spell(secret).map(([encoding, needle]) => ({ found: `${name} (${encoding})`, needle })),
  )
  return {
    search(text) {
      const latin1 = typeof text === 'string' ? Buffer.from(text).toString('latin1') : Buffer.from(text).toString('latin1')
      const joined = latin1.replaceAll(/\r?\n/g, '')
      return needles.filter(({ needle }) => latin1.includes(needle) || joined.includes(needle)).map(({ found }) => found)
    },
  }
}

function spell(secret: string): readonly (readonly [encoding: string, text: string])[] {
  const hex = Buffer.from(secret).toString('hex')
  return [
    ['raw', secret],
    ['hex', hex],
    ['hex', hex.toUpperCase()],
    ['URL-encoded', encodeURIComponent(secret)],
    ['URL-encoded throughout', hex.replaceAll(/../g, '%$&')],
    ['JSON', JSON.stringify(secret).slice(1, -1)],
    ...spellInBase64(secret),
  ]
}

/** Inside a longer text, such as Basic credentials, a secret has another base64 form at each of three offsets. */
function spellInBase64(secret: string): readonly (readonly [encoding: string, text: string])[] {
  return [0, 1, 2].flatMap((offset) => {
    const whole = Buffer.from(`${'x'.repeat(offset)}${secret}`)
    // The characters at either edge also hold bits of the neighbours.
    const inner = whole
      .toString('base64')
      .replaceAll('=', '')
      .slice(offset === 0 ? 0 : offset + 1, whole.length % 3 === 0 ? undefined : -1)
    return [['base64', inner] as const, ['base64url', inner.replaceAll('+', '-').replaceAll('/', '_')] as const]
  })
}
