/** What a server makes of a request of an element. */
export type Served = 'ok' | 'failed' | 'corrupt' | 'hang'

export interface MediaRequest {
  readonly url: string
  /** Where the data is to begin, in s. */
  readonly from: number
}

export type Serve = (request: MediaRequest) => Served | Promise<Served>

/** How much comes with one request, in s. */
const chunkSeconds = 30

/**
 * An audio element as Chromium has it, as far as failures go: which events come in which order, what a load resets and
 * cancels, what an error leaves behind. Events are tasks, as in a page. Time moves by `advance`.
 */
export class FakeElement extends EventTarget {
  readonly localName = 'audio'
  networkState = 0
  readyState = 0
  error: { code: number } | null = null
  paused = true
  seeking = false
  duration = Number.NaN
  defaultPlaybackRate = 1
  playbackRate = 1
  volume = 1
  muted = false
  loop = false
  autoplay = false
  preload = 'auto'
  crossOrigin: string | null = null
  currentSrc = ''
  textTracks: { mode: TextTrackMode }[] = []
  /** Whether the browser lets it play without a click. */
  isAllowed = true
  /** Whether a failed request ends in silence. */
  isSilent = false
  itemSeconds = 100
  /** The types of all events, in their order. */
  readonly log: string[] = []
  readonly requests: MediaRequest[] = []
  loads = 0

  #serve: Serve
  #next: Promise<Served> | undefined
  #src = ''
  #position = 0
  #startAt = 0
  #start = 0
  #end = 0
  #autoplays = true
  #generation = 0
  #playing: { resolve(): void; reject(error: unknown): void }[] = []

  constructor(serve: Serve) {
    super()
    this.#serve = serve
  }

  /** Itself, as the type that the code under test takes. */
  get asMedia(): HTMLMediaElement {
    return this as unknown as HTMLMediaElement
  }

  get src(): string {
    return this.#src
  }

  set src(src: string) {
    this.#src = src
    this.load()
  }

  get currentTime(): number {
    return this.readyState === 0 && this.#startAt > 0 ? this.#startAt : this.#position
  }

  set currentTime(position: number) {
    if (this.readyState === 0) this.#startAt = position
    else this.#seek(position)
  }

  get buffered(): { length: number; start(): number; end(): number } {
    return { length: this.#end > this.#start ? 1 : 0, start: () => this.#start, end: () => this.#end }
  }

  /** It has no `<source>` children: those are for a real browser. */
  querySelectorAll(): [] {
    return []
  }

  load(): void {
    this.loads++
    this.#generation++
    this.#settle(new DOMException('Interrupted by a load', 'AbortError'))
    if (this.networkState !== 0) {
      if (this.networkState === 2) this.#fire('abort')
      this.#fire('emptied')
      this.paused = true
    }
    Object.assign(this, { error: null, readyState: 0, seeking: false, duration: Number.NaN, networkState: 3 })
    this.playbackRate = this.defaultPlaybackRate
    this.#position = this.#start = this.#end = 0
    this.#autoplays = true
    void this.#select()
  }

  play(): Promise<void> {
    if (!this.isAllowed) return Promise.reject(new DOMException('A click first', 'NotAllowedError'))
    if (this.networkState === 0) this.load()
    this.#autoplays = false
    if (this.paused) {
      this.paused = false
      this.#fire('play')
      if (this.readyState > 2) this.#fire('playing')
      else if (this.networkState === 1 && this.readyState === 0 && this.error === null) void this.#request(0)
    }
    if (this.readyState > 2) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#playing.push({ resolve, reject })
    })
  }

  pause(): void {
    this.#autoplays = false
    if (this.paused) return
    this.paused = true
    this.#settle(new DOMException('Interrupted by a pause', 'AbortError'))
    this.#fire('pause')
  }

  /** Plays for a time, and asks for more where its data ends. */
  async advance(seconds: number): Promise<void> {
    if (this.paused || this.readyState < 3) return
    this.#position = Math.min(this.#position + seconds * this.playbackRate, this.itemSeconds)
    this.#fire('timeupdate')
    if (this.#position >= this.#end) await this.#request(this.#end)
  }

  /** What the next request is answered, whatever the server says. */
  serveNext(served: Promise<Served>): void {
    this.#next = served
  }

  /** The connection is lost; it asks for the rest. */
  cut(): Promise<void> {
    return this.#request(this.#end)
  }

  #seek(position: number): void {
    this.#position = position
    this.seeking = true
    this.#fire('seeking')
    if (position >= this.#start && position <= this.#end) this.#arrive()
    else {
      this.readyState = 1
      void this.#request(position)
    }
  }

  async #select(): Promise<void> {
    const mine = this.#generation
    await Promise.resolve()
    if (mine !== this.#generation) return
    this.currentSrc = this.#src
    if (this.currentSrc === '') {
      this.networkState = 0
      return
    }
    this.networkState = 2
    this.#fire('loadstart')
    if (this.preload === 'none' && this.paused && !this.autoplay) this.networkState = 1
    else await this.#request(0)
  }

  async #request(from: number): Promise<void> {
    const mine = this.#generation
    this.networkState = 2
    const request = { url: this.currentSrc, from }
    this.requests.push(request)
    await new Promise(setImmediate)
    const next = this.#next
    this.#next = undefined
    const served = await (next ?? this.#serve(request))
    if (mine !== this.#generation || served === 'hang') return
    if (served === 'ok') this.#receive(from)
    else if (this.isSilent) this.#fire('stalled')
    else if (this.readyState === 0) this.#fail(4)
    else this.#fail(served === 'corrupt' ? 3 : 2)
  }

  #receive(from: number): void {
    this.networkState = 1
    if (from > this.#end || from < this.#start) this.#start = from
    this.#end = Math.min(Math.max(from, this.#start) + chunkSeconds, this.itemSeconds)
    this.#fire('progress')
    if (this.readyState > 0) {
      this.#arrive()
      return
    }
    this.readyState = 1
    this.duration = this.itemSeconds
    this.#fire('loadedmetadata')
    const startAt = this.#startAt
    this.#startAt = 0
    if (startAt > 0) this.#seek(startAt)
    else this.#arrive()
  }

  /** There is data at the position. */
  #arrive(): void {
    const isFirst = this.readyState < 3
    this.readyState = 4
    if (this.seeking) {
      this.seeking = false
      this.#fire('timeupdate', 'seeked')
    }
    if (!isFirst) return
    this.#fire('canplay')
    if (this.autoplay && this.#autoplays && this.paused && this.isAllowed) {
      this.paused = false
      this.#fire('play')
    }
    if (this.paused) return
    this.#fire('playing')
    this.#settle()
  }

  #fail(code: number): void {
    this.error = { code }
    Object.assign(this, code === 4 ? { networkState: 3 } : { networkState: 1, readyState: 1 })
    this.#fire('error')
    if (!this.paused) {
      this.paused = true
      this.#fire('pause')
    }
    this.#settle(new DOMException('No supported source', 'NotSupportedError'))
  }

  #settle(error?: DOMException): void {
    for (const { resolve, reject } of this.#playing.splice(0)) {
      if (error === undefined) resolve()
      else reject(error)
    }
  }

  #fire(...types: string[]): void {
    for (const type of types) {
      this.#task(() => {
        this.log.push(type)
        this.dispatchEvent(new Event(type))
      })
    }
  }

  /** A load cancels what was to come before it. */
  #task(run: () => void): void {
    const mine = this.#generation
    setImmediate(() => {
      if (mine === this.#generation) run()
    })
  }
}
