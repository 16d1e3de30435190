/** How many milliseconds a day has: days are those of UTC. */
export const dayMs = 86_400_000

/** A day of the ledger as text, such as `2026-11-27`. @param day In days since the epoch. */
export function dayText(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10)
}
