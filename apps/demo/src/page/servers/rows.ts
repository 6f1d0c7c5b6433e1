import type { ChatServer, Profile } from '../../contract.ts'
import { paths } from '../../contract.ts'
import { chatServers } from '../../contract.ts'
import { originOf } from '../facts.ts'
import { createStore, type Store } from '../store.ts'
import { type Chat, openChat, signInAt } from './chats.ts'
import { type Composer, createComposer } from './composer.ts'

/** A server in the list. */
export interface Row extends Chat {
  readonly composer: Composer
  /** Who is signed in, as the server knows them; undefined while nobody is. */
  readonly profile: Store<Profile | undefined>
}

const names = 'demo.servers'

/** The rows, one for each chat server. */
export const rows: Readonly<Record<ChatServer, Row>> = { north: createRow('north'), south: createRow('south') }

/** Servers that are listed: a sign-out takes one out. */
export const listed: Store<readonly ChatServer[]> = createStore<readonly ChatServer[]>(
  chatServers.filter((server) => (localStorage.getItem(names) ?? 'north south').includes(server)),
)

/** Puts a server back into the list, or takes it out. */
export function list(server: ChatServer, isListed: boolean): void {
  const next = chatServers.filter((one) => (one === server ? isListed : listed.get().includes(one)))
  localStorage.setItem(names, next.join(' '))
  listed.set(next)
}

/** Signs in at a server, and goes on where the user was. */
export async function enter(server: ChatServer, person?: string): Promise<void> {
  await signInAt(server, rows[server].session, person)
}

/** Ends the session at a server, and forgets the server. */
export async function leave(server: ChatServer): Promise<void> {
  list(server, false)
  await rows[server].session.signOut()
}

function createRow(server: ChatServer): Row {
  const chat = openChat(server)
  const { session, api } = chat
  const composer = createComposer(chat)
  const profile = createStore<Profile | undefined>(undefined)
  let shown = 0

  async function follow(): Promise<void> {
    const { state } = session
    const epoch = state.status === 'active' ? state.epoch : 0
    if (epoch === shown) return
    shown = epoch
    // whoever comes next does not see who was here before
    profile.set(undefined)
    if (epoch === 0) return
    await composer.restore()
    const response = await api(`${originOf(server)}${paths.chatProfile}`).catch(() => undefined)
    if (response?.ok !== true) return
    const found = (await response.json()) as Profile
    if (shown === epoch) profile.set(found)
  }

  session.subscribe(() => void follow())
  void follow()
  return { ...chat, composer, profile }
}
