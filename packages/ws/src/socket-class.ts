import { checkListed, type CredentialSource } from '@reauth/core'

import { checkCloseArguments } from './close-arguments.ts'
import { checkPlacement } from './connect-socket.ts'
import { protocolList, socketUrl } from './destination.ts'
import { dial } from './dial.ts'
import { closeCodeOf, createJudge } from './judge.ts'
import type { Line, LineOptions } from './line.ts'
import { type Loss, provedMs } from './loss.ts'
import { type Data, sizeOf } from './outbox.ts'
import { cookie, type Placement } from './placement.ts'
import { SocketTarget } from './socket-target.ts'
import { createStage, type Stage } from './stage.ts'
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
    readonly #stage: Stage
    readonly #options: LineOptions
    #discardedBytes = 0

    constructor(url: string | URL, protocols?: string | readonly string[], init?: Pick<LineOptions, 'headers'>) {
      const address = checkListed(source, socketUrl(url))
      const stage = createStage()
      super(address.href, stage)
      this.#stage = stage
      this.#options = {
        source,
        transport,
        placement,
        url: address,
        protocols: protocolList(protocols),
        headers: init?.headers,
        binaryType: () => this.binaryType,
      }
      void this.#connect()
    }

    override get bufferedAmount(): number {
      return this.#discardedBytes + super.bufferedAmount
    }

    send(data: Data): void {
      const { phase, line } = this.#stage.state
      if (phase === 'connecting') throw new DOMException('Nothing can be sent before "open"', 'InvalidStateError')
      if (phase === 'open') line.socket.send(data)
      else this.#discardedBytes += sizeOf(data)
    }

    close(code?: number, reason?: string): void {
      checkCloseArguments(code, reason)
      if (this.readyState > 1) return
      this.#stage.close(code, reason, (loss) => {
        this.#end(loss ?? {})
      })
    }

    async #connect(): Promise<void> {
      const { signal } = this.#stage.life
      const result = await dial(this.#options, signal, anonymous)
      if (signal.aborted) return
      if ('socket' in result) this.#open(result)
      else this.#settle(result)
    }

    #open(line: Line): void {
      this.#stage.enter({ phase: 'open', line }, this.#stage.life)
      this.tell('open')
      if (this.readyState !== 1) return
      // A message alone proves nothing: who greets everybody may refuse them all, and these clients come back at once.
      const provedAt = Date.now() + provedMs
      let isProved = false
      line.listen({
        message: (event) => {
          if (!isProved && Date.now() >= provedAt) {
            isProved = true
            judge.proved()
          }
          this.deliver(event)
        },
        lost: (loss) => {
          // An open line has no other cause to end than its session.
          if (loss.cause === undefined) this.#settle({ ...loss, isProved: Date.now() >= provedAt })
          else this.#end({ code: 4401 })
        },
      })
    }

    /**
     * Finds out what an end means before it tells of it: who connects anew at once then has what it takes. What was never
     * open connects once more where a refused credential was renewed: refused in its turn, that one is final.
     */
    #settle(loss: Loss): void {
      const { line } = this.#stage.state
      const signal = this.#stage.enter({ phase: line ? 'closing' : 'connecting', line })
      judge.judge(loss, signal).then(
        ({ why, error = loss.cause }) => {
          if (signal.aborted) return
          if (line === undefined && why === 'refused') void this.#connect()
          else this.#end(why === 'lost' ? loss : { ...loss, code: restart }, error)
        },
        (error: unknown) => {
          if (!signal.aborted) this.#end({ ...loss, code: closeCodeOf(error) ?? 1006 }, error)
        },
      )
    }

    /** Keeps what it was connected by: that still says which protocol it was. */
    #end(ending: Partial<Loss>, error: unknown = new Error('It was closed before it was open')): void {
      const { line } = this.#stage.state
      this.#stage.enter({ phase: 'closed', line })
      this.tellEnd(ending, line === undefined ? error : undefined)
    }
  }
  return OneShotSocket
}
