import { z } from 'zod'

const durationUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const sizeUnits = { B: 1, kB: 1000, KB: 1000, KiB: 1024, MB: 1_000_000, MiB: 1024 ** 2, GB: 1_000_000_000, GiB: 1024 ** 3 } as const

/** A time such as `500ms`, `30s`, `10m`, `12h` or `30d`, read as milliseconds. */
export const duration = quantity(durationUnits, 'a time with its unit, such as 500ms, 30s, 10m or 12h')

/** A size such as `512KiB` or `10MiB`, read as bytes. */
export const size = quantity(sizeUnits, 'a size with its unit, such as 512KiB or 10MiB')

/** A pace such as `1KiB/s`, read as bytes a second. */
export const pace = quantity(
  Object.fromEntries(Object.entries(sizeUnits).map(([unit, bytes]) => [`${unit}/s`, bytes])),
  'a size a second, such as 1KiB/s',
)

function quantity(units: Readonly<Record<string, number>>, expectation: string) {
  const pattern = new RegExp(`^(\\d+(?:\\.\\d+)?)\\s*(${Object.keys(units).join('|')})$`)
  return z.string({ error: `is not ${expectation}` }).transform((text, context) => {
    const match = pattern.exec(text)
    if (match === null) {
      context.addIssue({ code: 'custom', message: `is not ${expectation}` })
      return z.NEVER
    }
    return Math.round(Number(match[1]) * (units[match[2] as string] as number))
  })
}
