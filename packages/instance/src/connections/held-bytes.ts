/** Counts the bytes of unfinished bodies and waiting requests that are held in memory, per address and in all. */
export class HeldBytes {
  readonly #perAddress: number
  readonly #inAll: number
  readonly #byAddress = new Map<string | undefined, number>()
  #sum = 0

  constructor(perAddress: number, inAll: number) {
    this.#perAddress = perAddress
    this.#inAll = inAll
  }

  /**
   * Counts further bytes.
   *
   * @param address `undefined`: bounded only by the sum of all.
   * @returns `false` if there would be too many; then nothing is counted.
   */
  take(address: string | undefined, bytes: number): boolean {
    const held = (this.#byAddress.get(address) ?? 0) + bytes
    if (this.#sum + bytes > this.#inAll || (address !== undefined && held > this.#perAddress)) return false
    this.#byAddress.set(address, held)
    this.#sum += bytes
    return true
  }

  /** Takes back bytes that {@link take} counted. */
  letGo(address: string | undefined, bytes: number): void {
    if (bytes === 0) return
    this.#sum -= bytes
    const left = (this.#byAddress.get(address) ?? 0) - bytes
    if (left > 0) this.#byAddress.set(address, left)
    else this.#byAddress.delete(address)
  }

  get sum(): number {
    return this.#sum
  }
}
