/** How far the end of the data may be from the end of the item, in s. */
const slackSeconds = 0.1

/** Returns whether an element has the data at its position: no request is needed to play there. */
export function isBuffered(element: HTMLMediaElement): boolean {
  return hasUntil(element, element.currentTime)
}

/** Returns whether an element has all data from its position on: no request is needed any more. */
export function isBufferedToEnd(element: HTMLMediaElement): boolean {
  return hasUntil(element, element.duration - slackSeconds)
}

/** What has no end, or none that is known, is never there. */
function hasUntil({ buffered, currentTime }: HTMLMediaElement, end: number): boolean {
  for (let index = 0; index < buffered.length; index++) {
    if (buffered.start(index) <= currentTime && buffered.end(index) >= end) return true
  }
  return false
}
