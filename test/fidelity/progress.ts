const width = 24
/** A terminal is not drawn anew for each of thousands of steps. */
const everyMs = 50

/** Shows on stderr how far a part is: a bar on a terminal, a line for each part elsewhere. */
export class Progress {
  #total = 0
  #done = 0
  #part = ''
  #drawnAt = 0

  begin(part: string, total: number): void {
    this.#part = part
    this.#total = total
    this.#done = 0
    if (!process.stderr.isTTY) process.stderr.write(`${part} …\n`)
  }

  step(label: string): void {
    this.#done += 1
    if (!process.stderr.isTTY || performance.now() - this.#drawnAt < everyMs) return
    this.#drawnAt = performance.now()
    const filled = Math.min(width, Math.round((this.#done / this.#total) * width))
    process.stderr.write(
      `\r\u001b[2K${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${this.#done} of ${this.#total}, ${this.#part}: ${label}`,
    )
  }

  clear(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')
  }
}
