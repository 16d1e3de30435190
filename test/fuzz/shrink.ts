/** How long a shrinker may go on. */
export interface ShrinkLimits {
  readonly tries: number
  readonly ms: number
}

/**
 * Finds a shorter, smaller list of choices that fails in the same way.
 *
 * @param fails Whether an input made of these choices still fails so.
 */
export async function shrink(
  found: readonly number[],
  fails: (choices: readonly number[]) => Promise<boolean>,
  { tries, ms }: ShrinkLimits,
): Promise<readonly number[]> {
  const until = performance.now() + ms
  let left = tries
  let best = found

  async function accept(candidate: readonly number[]): Promise<boolean> {
    if (left === 0 || performance.now() > until) return false
    left -= 1
    if (!(await fails(candidate))) return false
    best = candidate
    return true
  }

  const goesOn = (): boolean => left > 0 && performance.now() < until

  /** Cuts pieces out, the largest first. */
  async function cut(): Promise<void> {
    for (let size = best.length; size >= 1 && goesOn(); size = Math.floor(size / 2)) {
      for (let end = best.length; end > 0 && goesOn(); end -= size) {
        const start = Math.max(0, end - size)
        await accept([...best.slice(0, start), ...best.slice(end)])
      }
    }
  }

  /** Makes single choices plainer. */
  async function lower(): Promise<void> {
    for (let at = 0; at < best.length && goesOn(); at += 1) {
      const value = best[at] as number
      if (value === 0) continue
      const withValue = (other: number): number[] => best.with(at, other)
      if (await accept(withValue(0))) continue
      for (let step = value >> 1; step >= 1 && goesOn(); step >>= 1) await accept(withValue((best[at] as number) - step))
    }
  }

  for (let before = -1; goesOn() && before !== weight(best); ) {
    before = weight(best)
    await cut()
    await lower()
  }
  return best
}

function weight(choices: readonly number[]): number {
  return choices.reduce((sum, choice) => sum + 1 + choice, 0)
}
