const WIDTH = 24

/** Shows on stderr how far the run is: a bar on a terminal, plain lines elsewhere. */
export class Progress {
  readonly #total: number
  #begun = 0

  constructor(total: number) {
    this.#total = total
  }

  /** The next step begins. */
  step(label: string): void {
    this.#begun += 1
    const count = `${this.#begun}/${this.#total}`
    if (!process.stderr.isTTY) {
      process.stderr.write(`[${count}] ${label}\n`)
      return
    }
    const filled = Math.round(((this.#begun - 1) / this.#total) * WIDTH)
    process.stderr.write(`\r\x1b[2K${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${count} ${label}`)
  }

  /** Clears the bar, so that something else can be printed. */
  clear(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K')
  }
}
