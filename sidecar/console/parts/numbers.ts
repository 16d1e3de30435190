const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** A count: `1,234`. */
export function count(value: number): string {
  return whole.format(value)
}

/** A count in few characters: `1.2M`. */
export function shortCount(value: number): string {
  return value < 10_000 ? whole.format(value) : short.format(value)
}

/**
 * How an amount of money is written in a list: with the same number of digits in each row, so that their points stand under one another.
 *
 * @param largest The largest amount of the list, which decides how many digits there are.
 */
export function moneyWriter(largest: number): (amount: string | number) => string {
  const digits = largest >= 10 ? 2 : largest >= 0.01 ? 4 : 6
  const format = new Intl.NumberFormat('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return (amount) => format.format(Number(amount))
}

/** A time in words: `850 ms`, `12.4 s`, `3 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 2880 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${Math.round(minutes / 1440)} days`
}

/** A time of day in UTC, with its date: `2026-11-27 16:21:50`. */
export function utc(time: string | number): string {
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ')
}

/** A day: `27 Nov`. @param day Such as `2026-11-27`. */
export function dayName(day: string): string {
  return new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(new Date(day))
}

/** A share of a hundred: `12 %`, and `< 1 %` for what is not nothing. */
export function percent(share: number): string {
  return share > 0 && share < 0.01 ? '< 1 %' : `${Math.round(share * 100)} %`
}
