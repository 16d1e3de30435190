const width = 32

/** A bar on a terminal; nothing elsewhere, since the run is short. */
export class Progress {
  readonly #total: number
  #done = 0

  constructor(total: number) {
    this.#total = total
  }

  /** The next step begins. */
  step(label: string): void {
    this.#done += 1
    if (!process.stderr.isTTY) return
    const filled = Math.round((this.#done / this.#total) * width)
    process.stderr.write(`\r\x1b[2K${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${this.#done}/${this.#total} ${label}`)
  }

  clear(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K')
  }
}
