import { type FeedOptions, serveFeeds } from './feeds.ts'
import { letPageIn } from './from-page.ts'
import type { Listening } from './listen.ts'
import { serve } from './serve.ts'
import { createTicks } from './ticks.ts'

/** Serves what goes on by itself: the feeds, and the ticker. */
export function serveLive(listening: Listening, options: FeedOptions): void {
  const ticks = createTicks(options)
  serve(listening, (request, response, url) =>
    letPageIn(request, response, options.pageOrigin) ? undefined : ticks(request, response, url),
  )
  serveFeeds(listening, options)
}
