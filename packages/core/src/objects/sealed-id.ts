/**
 * The id that a caller gets in place of the gateway's: the gateway's id in base64url, a dot, and the seal in base64url. It is
 * one path segment without escapes. This form and the seal are kept for good, since callers keep ids.
 */
export interface SealedId {
  /** The gateway's id. */
  readonly id: string
  readonly seal: Buffer
}

/** Length of a seal in bytes: 128 bits cannot be guessed. */
export const sealBytes = 16

/** 22 characters of base64url hold {@link sealBytes}. */
const sealedForm = /^([\w-]+)\.([\w-]{22})$/

const dotSegment = /^\.{1,2}$/

export function writeSealedId({ id, seal }: SealedId): string {
  return `${Buffer.from(id).toString('base64url')}.${seal.toString('base64url')}`
}

/** Reads a sealed id, without a check of its seal; `undefined` if the text has another form or the id could not be a path segment. */
export function readSealedId(text: string): SealedId | undefined {
  const [, encoded, seal] = sealedForm.exec(text) ?? []
  if (encoded === undefined || seal === undefined) return undefined
  const read = { id: Buffer.from(encoded, 'base64url').toString('utf8'), seal: Buffer.from(seal, 'base64url') }
  return read.seal.length !== sealBytes || dotSegment.test(read.id) ? undefined : read
}
