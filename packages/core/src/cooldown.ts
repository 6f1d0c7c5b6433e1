/** Returns how long to leave an endpoint alone that failed, in ms: 1 s, doubling to 60 s; jitter only adds. */
export function cooldownMs(attempts: number, random: number): number {
  return Math.min(60_000, 500 * 2 ** attempts) * (1 + random / 4)
}
