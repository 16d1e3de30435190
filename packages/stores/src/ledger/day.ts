/** How many milliseconds a day has: days are those of UTC. */
export const dayMs = 86_400_000
