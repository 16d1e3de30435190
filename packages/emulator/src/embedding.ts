/** A vector of length one for a text. Equal texts have equal vectors. */
export function embed(text: string, dimensions: number): number[] {
  let state = 2_166_136_261
  for (const character of text) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 16_777_619)
  const vector = Array.from({ length: dimensions }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return state / 2 ** 31
  })
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}

/** The `base64` encoding of a vector in OpenAI's embeddings API: 32-bit floats, little-endian. */
export function encodeVector(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4)
  vector.forEach((value, index) => bytes.writeFloatLE(value, index * 4))
  return bytes.toString('base64')
}

/** The texts of an embeddings request. */
export function textsToEmbed(input: unknown): string[] {
  const texts = Array.isArray(input) ? input : [input]
  return texts.filter((text): text is string => typeof text === 'string' && text.trim() !== '')
}
