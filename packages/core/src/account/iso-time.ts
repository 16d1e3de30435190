let second = Number.NaN
let beginning = ''

/** Milliseconds since the epoch as ISO 8601. Caches the text up to the second, which many requests share. */
export function isoTime(milliseconds: number): string {
  const whole = Math.floor(milliseconds)
  const rest = ((whole % 1000) + 1000) % 1000
  if (whole - rest !== second) {
    second = whole - rest
    beginning = new Date(second).toISOString().slice(0, 20)
  }
  return `${beginning}${rest.toString().padStart(3, '0')}Z`
}
