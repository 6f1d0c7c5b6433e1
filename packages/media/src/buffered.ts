/** How far the end of the data may be from the end of the item, in s. */
const slackSeconds = 0.1

/** Returns whether an element has the data from its position to another, in s: to the end, unless it is told. */
export function isBuffered(
  { buffered, currentTime, duration }: HTMLMediaElement,
  until: number = duration - slackSeconds,
): boolean {
  for (let index = 0; index < buffered.length; index++) {
    if (buffered.start(index) <= currentTime && buffered.end(index) >= until) return true
  }
  return false
}
