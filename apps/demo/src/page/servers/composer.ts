import { isReauthError } from '@reauth/core'
import { drafts } from '@reauth/core/stash'

import { type ChatMessage, type ChatPost, paths } from '../../contract.ts'
import { record } from '../activity/trace-log.ts'
import { originOf } from '../facts.ts'
import { createStore, type Store } from '../store.ts'
import type { Chat } from './chats.ts'

/** What is being written, and what became of it. */
interface Composing {
  readonly text: string
  readonly told: string
}

/** A field whose text survives the end of its session. */
export interface Composer {
  readonly composing: Store<Composing>
  readonly write: (text: string) => void
  /** Sends the text; it stays in the field unless it went out. */
  readonly send: () => Promise<void>
  /** Gives back what was written before the session ended, into an empty field only. */
  readonly restore: () => Promise<void>
}

const kept = drafts({ trace: record })
const room = 'lobby'

/** Creates the composer of a chat. */
export function createComposer({ server, session, api }: Chat): Composer {
  const composing = createStore<Composing>({ text: '', told: '' })
  const key = (identity: string): Parameters<typeof kept.take>[0] => ({ server, place: room, identity })

  async function stash(): Promise<void> {
    const { state } = session
    if (state.status !== 'expired' || state.identity === undefined) return
    const { text } = composing.get()
    if (text === '') return
    await kept.save(key(state.identity), text)
    composing.set({ text: '', told: 'Kept for when you are back.' })
  }

  async function restore(): Promise<void> {
    const { state } = session
    if (state.status !== 'active' || state.identity === undefined || composing.get().text !== '') return
    const text = await kept.take(key(state.identity))
    // somebody may have begun to write meanwhile
    if (text === undefined) return
    if (composing.get().text === '') composing.set({ text, told: 'Your draft is back.' })
    else await kept.save(key(state.identity), text)
  }

  return {
    composing,
    write: (text) => composing.set({ text, told: '' }),
    restore,
    async send() {
      const { text } = composing.get()
      try {
        const response = await api(`${originOf(server)}${paths.chatMessages}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ text } satisfies ChatPost),
        })
        if (!response.ok) return composing.set({ text, told: `Not sent: ${response.status}.` })
        const { id } = (await response.json()) as ChatMessage
        composing.set({ text: '', told: `Sent as message ${id}.` })
      } catch (error) {
        if (isReauthError(error) && error.name === 'AuthenticationError') await stash()
        else composing.set({ ...composing.get(), told: 'Not sent just now. Your text is still here.' })
      }
    },
  }
}
