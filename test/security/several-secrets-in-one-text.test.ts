import { createRedactor, LiveSecrets, Secret } from '@postern/ports'
import { describe, expect, test } from 'vitest'

const seed = Math.floor(Math.random() * 2 ** 31)

/** Random numbers below a bound, the same for the same seed. */
function randomOf(start: number): (below: number) => number {
  let state = start
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return Math.floor((state / 0x80000000) * below)
  }
}

/** Secrets of few letters, so that many begin alike, end alike, contain or overlap each other; some are shorter than a window. */
function someSecrets(random: (below: number) => number): string[] {
  const text = (): string => Array.from({ length: 3 + random(14) }, () => 'abc'[random(3)]).join('')
  const secrets = Array.from({ length: 6 }, text)
  return [...new Set([...secrets, ...secrets.map((secret) => `${secret}${text()}`)])]
}

/** The text with all that belongs to a whole secret replaced, found by looking at each place for each secret. */
function replacedAtEveryPlace(text: string, secrets: readonly string[]): string {
  const covered = Array.from(text, () => false)
  for (const secret of secrets)
    for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1)) covered.fill(true, at, at + secret.length)
  return Array.from(text, (letter, index) => (covered[index] === true ? '\0' : letter))
    .join('')
    .replaceAll(/\0+/g, '[redacted]')
}

describe('several secrets in one text', () => {
  test(`are all replaced, wherever they stand and whichever of them come and go (seed ${seed})`, () => {
    const random = randomOf(seed)
    for (let round = 0; round < 400; round += 1) {
      const secrets = someSecrets(random)
      const live = new LiveSecrets()
      const isLive = secrets.map(() => random(2) === 0)
      const { redact } = createRedactor(
        secrets.filter((_, index) => !isLive[index]).map((secret) => new Secret(secret)),
        0,
        live,
      )
      redact('The tables were made before some of the secrets came.')
      for (const [index, secret] of secrets.entries()) if (isLive[index] === true) live.add(new Secret(secret))
      const words = Array.from({ length: 5 }, () => (random(3) === 0 ? '-x-' : (secrets[random(secrets.length)] as string)))
      // Ends with a letter of no secret: what the end cuts off is replaced too.
      const text = `${words.join(random(2) === 0 ? '' : ' ')}.`
      expect(redact(text).replaceAll(/(?:\[redacted\])+/g, '[redacted]'), text).toBe(replacedAtEveryPlace(text, secrets))
    }
  })

  test('are found at once when they come, also after a thousand others, and are not searched for once they went', () => {
    const live = new LiveSecrets()
    const { redact } = createRedactor([], 0, live)
    const secretOf = (index: number): Secret => new Secret(`secret-number-${String(index).padStart(6, '0')}-end`)
    for (let index = 0; index < 1000; index += 1) {
      live.add(secretOf(index))
      expect(redact(`<${secretOf(index).reveal()}>`)).toBe('<[redacted]>')
    }
    for (let index = 0; index < 1000; index += 7) expect(redact(`<${secretOf(index).reveal()}>`)).toBe('<[redacted]>')
    for (let index = 0; index < 990; index += 1) live.remove(secretOf(index))
    for (let index = 990; index < 1000; index += 1) expect(redact(`<${secretOf(index).reveal()}>`)).toBe('<[redacted]>')
    const left = Array.from({ length: 990 }, (_, index) => `<${secretOf(index).reveal()}>`).filter((text) => redact(text) !== text)
    expect(left).toEqual([])
  })

  test('are not searched for once they went, whichever of those that begin alike they were', () => {
    const live = new LiveSecrets()
    const { redact } = createRedactor([], 0, live)
    const random = randomOf(seed)
    const texts = new Set(
      Array.from({ length: 400 }, () => `${['alike-alike-', ''][random(2)] as string}${'abc'[random(3)]}${someSecrets(random)[0]}`),
    )
    const left = new Set(texts)
    for (const text of texts) live.add(new Secret(text))
    for (const text of texts) {
      if (random(2) === 0) continue
      live.remove(new Secret(text))
      left.delete(text)
    }
    for (const text of texts)
      expect(redact(`<${text}>`).replaceAll(/(?:\[redacted\])+/g, '[redacted]'), `${text} (seed ${seed})`).toBe(
        replacedAtEveryPlace(`<${text}>`, [...left]),
      )
  })
})
