import { createPublicKey, type JsonWebKey, verify, webcrypto } from 'node:crypto'

/** What the platform itself takes to check the signature of a proof, in the two ways that it has: rows beside what Postern takes. */
export const platformChecks = {
  'dpop-subtle': 'the signature of a proof, by crypto.subtle alone',
  'dpop-verify': 'the same by crypto.verify, which holds up its thread',
} as const

/** A proof, taken apart: what is signed, the signature, and the key in it. */
interface Parts {
  readonly signed: Buffer
  readonly signature: Buffer
  readonly jwk: JsonWebKey
}

function partsOf(lines: readonly string[]): Parts | undefined {
  const proof = lines.find((line) => line.startsWith('DPoP: '))?.slice('DPoP: '.length)
  if (proof === undefined) return undefined
  const [header = '', payload = '', signature = ''] = proof.split('.')
  const { jwk } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { readonly jwk: JsonWebKey }
  return { signed: Buffer.from(`${header}.${payload}`), signature: Buffer.from(signature, 'base64url'), jwk }
}

async function costOf(proofs: readonly Parts[], check: (proof: Parts) => boolean | Promise<boolean>): Promise<number> {
  const before = process.cpuUsage()
  for (const proof of proofs) if (!(await check(proof))) throw new Error('the signature of a proof is not its own')
  const { user, system } = process.cpuUsage(before)
  return (user + system) / proofs.length
}

/** CPU time of one check of a signature in each way, in microseconds; `undefined` if these credentials have no proofs. All proofs have one key. */
export async function costOfPlatform(
  sets: readonly (readonly string[])[],
): Promise<Readonly<Record<keyof typeof platformChecks, number>> | undefined> {
  const proofs = sets.flatMap((lines) => partsOf(lines) ?? [])
  const [first] = proofs
  if (first === undefined) return undefined
  const ecdsa = { name: 'ECDSA', hash: 'SHA-256' }
  const subtleKey = await webcrypto.subtle.importKey('jwk', first.jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify'])
  const key = { key: createPublicKey({ key: first.jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' } as const
  return {
    'dpop-subtle': await costOf(proofs, ({ signed, signature }) => webcrypto.subtle.verify(ecdsa, subtleKey, signature, signed)),
    'dpop-verify': await costOf(proofs, ({ signed, signature }) => verify('sha256', signed, key, signature)),
  }
}
