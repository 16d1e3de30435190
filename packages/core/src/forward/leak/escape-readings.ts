export const backslash = 0x5c
export const percent = 0x25

/** The first bytes of escapes: of JSON and of URLs. */
export const marks: readonly number[] = [backslash, percent]

/** How escapes are read: those of JSON, those of URLs, and those of JSON whatever stands in front of their backslash. */
export interface EscapeReading {
  readonly mark: number
  /**
   * JSON takes two backslashes for one that is meant, so behind an even number of them `u0041` is text. Who looks for what could be an
   * escape takes the last one for its beginning all the same: so does this reading.
   */
  readonly isLoose: boolean
}

export const escapeReadings: readonly EscapeReading[] = [
  { mark: backslash, isLoose: false },
  { mark: percent, isLoose: false },
  { mark: backslash, isLoose: true },
]

/** How many nested layers of escapes are decoded, of either kind: JSON that is quoted in JSON has two. */
export const maxLayers = 2

const twoBeforeU = Buffer.from('\\\\u')

/** Whether the loose reading of a whole text can differ from the strict one. */
export function mayBeLoose(text: Buffer): boolean {
  return text.includes(twoBeforeU)
}
