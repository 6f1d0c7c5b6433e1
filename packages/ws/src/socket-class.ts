import { checkListed, type CredentialSource, whenAborted } from '@reauth/core'

import { checkCloseArguments } from './close-arguments.ts'
import { checkPlacement } from './connect-socket.ts'
import { protocolList, socketUrl } from './destination.ts'
import { type Connected, dial, type DialOptions } from './dial.ts'
import { closeEvent, errorEvent } from './events.ts'
import { createJudge, type Sentence } from './judge.ts'
import type { Line } from './line.ts'
import type { Loss } from './loss.ts'
import { type Data, sizeOf } from './outbox.ts'
import { cookie, type Placement } from './placement.ts'
import { SocketTarget } from './socket-target.ts'
import { after, over } from './timer.ts'
import type { Transport } from './transport.ts'
import type { Classify } from './verdict.ts'

export interface WebSocketClassOptions {
  /**
   * Where the credential goes.
   *
   * @default cookie(), which also fits a client that sends it in a message of its own
   */
  placement?: Placement
  /** Says what the end of a connection means; undefined leaves it to the rules. */
  classify?: Classify
  /**
   * Whether to connect where nobody is signed in, without a credential.
   *
   * @default false
   */
  anonymous?: boolean
}

/** Where a socket is. Continuations ask for its `life`, as those of a socket that reconnects do. */
type State = { readonly life: AbortController } & (
  | { readonly readyState: 0; readonly line?: undefined }
  | { readonly readyState: 2 | 3; readonly line: Line | undefined }
  | { readonly readyState: 1; readonly line: Line }
)

/** What other clients take for "service restart", and connect anew (RFC 6455, section 7.4.1). */
const restart = 1012

/** Returns the class of sockets over a transport. */
export function socketClass(
  source: CredentialSource,
  { placement = cookie(), classify, anonymous = false }: WebSocketClassOptions,
  transport: Transport,
): typeof WebSocket {
  checkPlacement(placement, transport)
  // One for all sockets, since other clients make a new one for each try.
  const judge = createJudge({ source, transport, classify })

  class OneShotSocket extends SocketTarget {
    readonly url: string
    #state: State = { readyState: 0, life: new AbortController() }
    #discardedBytes = 0

    constructor(url: string | URL, protocols?: string | readonly string[], init?: Pick<DialOptions, 'headers'>) {
      super()
      const address = socketUrl(url)
      checkListed(source, address)
      this.url = address.href
      const binaryType = (): BinaryType => this.binaryType
      const own = { url: address, protocols: protocolList(protocols), headers: init?.headers, binaryType }
      void this.#connect({ source, transport, placement, isAnonymous: anonymous, ...own }, this.#state.life.signal)
    }

    get readyState(): number {
      return this.#state.readyState
    }

    get bufferedAmount(): number {
      return this.#discardedBytes + (this.socket?.bufferedAmount ?? 0)
    }

    protected override get socket(): WebSocket | undefined {
      return this.#state.line?.socket
    }

    send(data: Data): void {
      const { readyState, line } = this.#state
      if (readyState === 0) throw new DOMException('Nothing can be sent before "open"', 'InvalidStateError')
      if (readyState === 1) line.socket.send(data)
      else this.#discardedBytes += sizeOf(data)
    }

    close(code?: number, reason?: string): void {
      checkCloseArguments(code, reason)
      const { readyState, line } = this.#state
      if (readyState > 1) return
      const signal = this.#enter(2, line)
      if (line === undefined) {
        after(0, signal, () => {
          this.#end({}, new Error('It was closed before it was open'))
        })
        return
      }
      line.listen({
        message() {},
        lost: (loss) => {
          this.#end(loss)
        },
      })
      line.close(code, reason)
    }

    /** Keeps what it was connected by: that still says which protocol it was. */
    #enter(readyState: 2 | 3, line = this.#state.line): AbortSignal {
      const { life: former } = this.#state
      const life = new AbortController()
      this.#state = { readyState, line, life }
      former.abort(over)
      return life.signal
    }

    /** Connects, and once more where a refused credential was renewed: refused in its turn, that one is final. */
    async #connect(options: DialOptions, signal: AbortSignal): Promise<void> {
      const result = await dial(options, signal)
      if ('line' in result) {
        if (signal.aborted) result.line.drop()
        else this.#open(result)
        return
      }
      if (signal.aborted) return
      const sentence = await judge.judge(result, signal)
      if (signal.aborted) return
      if (sentence.is === 'renewed') await this.#connect(options, signal)
      else this.#end(closingFor(sentence, result), errorOf(sentence, result))
    }

    #open({ line, ends }: Connected): void {
      const life = new AbortController()
      const { signal } = life
      this.#state = { readyState: 1, line, life }
      const leave = (): void => {
        line.close(1000)
        line.drop()
        this.#end({ code: 4401 })
      }
      if (ends !== undefined) signal.addEventListener('abort', whenAborted(ends, leave))
      this.dispatchEvent(new Event('open'))
      if (signal.aborted) return
      let isProved = false
      line.listen({
        message: (event) => {
          if (!isProved) judge.proved()
          isProved = true
          this.deliver(event)
        },
        lost: (loss) => {
          void this.#lose(loss)
        },
      })
    }

    /** Finds out what an end means before it tells of it: who connects anew at once then has what it takes. */
    async #lose(loss: Loss): Promise<void> {
      const signal = this.#enter(2)
      const sentence = await judge.judge(loss, signal)
      if (!signal.aborted) this.#end(closingFor(sentence, loss), errorOf(sentence, loss))
    }

    #end(ending: Partial<Loss>, error?: unknown): void {
      this.#enter(3)
      if (error !== undefined) this.dispatchEvent(errorEvent(error))
      this.dispatchEvent(closeEvent(ending))
    }
  }
  return OneShotSocket as unknown as typeof WebSocket
}

/** Returns the end as other clients have to see it, so that they do the right thing. */
function closingFor(sentence: Sentence, loss: Loss): Partial<Loss> {
  switch (sentence.is) {
    case 'renewed':
      return { ...loss, code: restart }
    case 'again':
      // A refused credential that could not be renewed now.
      return sentence.why === 'unavailable' ? { ...loss, code: restart } : loss
    case 'denied':
      return { ...loss, code: 4403 }
    case 'refused':
    case 'ended':
      return { ...loss, code: 4401 }
    case 'misused':
      return loss
  }
}

/** Returns what the event of an error tells; undefined where there is none, since the connection has been open. */
function errorOf(sentence: Sentence, { isOpened, cause }: Loss): unknown {
  if (isOpened) return undefined
  return ('error' in sentence ? sentence.error : undefined) ?? cause ?? new Error('The connection failed')
}
