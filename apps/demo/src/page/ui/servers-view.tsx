import { type JSX, useId, useState, useSyncExternalStore } from 'react'

import { type ChatServer, chatServers, people } from '../../contract.ts'
import { admin } from '../admin.ts'
import { go, place } from '../place.ts'
import { chats } from '../servers/chats.ts'
import { everywhere, guard, serverIn } from '../servers/guard.ts'
import { enter, leave, list, listed, type Row, rows } from '../servers/rows.ts'
import { useStore } from '../store.ts'
import { Card } from './card.tsx'

/** Follows every chat session at once: one number moves whenever any of them does. */
const useRevision = (): number => useSyncExternalStore(chats.subscribe, () => chats.revision)

/** The list of servers, and the one that is open, behind its guard. */
export function ServersView(): JSX.Element {
  useRevision()
  const path = useStore(place)
  const names = useStore(listed)
  const missing = chatServers.filter((server) => !names.includes(server))
  const guarded = guard(path, (server) => rows[server].session.state.status)
  const open = serverIn(path)
  return (
    <>
      <Card title="Servers" area="servers-list">
        <ul className="server-rows">
          {names.map((server) => (
            <ServerRow key={server} row={rows[server]} />
          ))}
        </ul>
        <a
          href={everywhere}
          onClick={(event) => {
            event.preventDefault()
            go(everywhere)
          }}
        >
          Everywhere
        </a>
        {missing.map((server) => (
          <button key={server} type="button" className="button" onClick={() => list(server, true)}>
            Add {server}
          </button>
        ))}
      </Card>
      <Card title={open === undefined ? 'Room' : `Room at ${open}`} area="room">
        {guarded.kind === 'sign-in' ? (
          <SignInAt server={guarded.server} />
        ) : guarded.kind === 'loading' ? (
          <p className="empty">Loading…</p>
        ) : guarded.kind === 'nobody' ? (
          <p role="alert">Nobody is signed in anywhere. Open a server, and sign in there.</p>
        ) : open !== undefined ? (
          <Room key={open} row={rows[open]} />
        ) : path === everywhere ? (
          <p>Signed in at {names.filter((server) => rows[server].session.state.status === 'active').join(' and ')}.</p>
        ) : (
          <p className="empty">Open a server. This place is public: nothing stands before it.</p>
        )}
      </Card>
    </>
  )
}

function ServerRow({ row }: { row: Row }): JSX.Element {
  const { server, session } = row
  const { status } = session.state
  const profile = useStore(row.profile)
  return (
    <li className="server-row" data-server={server} data-status={status}>
      <a
        href={`/servers/${server}`}
        onClick={(event) => {
          event.preventDefault()
          go(`/servers/${server}`)
        }}
      >
        <b>{server}</b>
      </a>
      <span className="server-status">{headlines[status]}</span>
      {status === 'active' && profile !== undefined && <span className="server-profile">{profile.name}</span>}
      <span className="glance-actions">
        {status === 'expired' && <Enter server={server} />}
        {status === 'active' && (
          <button
            type="button"
            className="button quiet"
            onClick={() =>
              void admin
                .revokeRefreshTokens({ issuer: server })
                .then(() => admin.revokeAccessTokens({ issuer: server }))
            }
          >
            Revoke {server}
          </button>
        )}
        {(status === 'active' || status === 'expired') && (
          <button type="button" className="button quiet" onClick={() => void leave(server)}>
            Leave {server}
          </button>
        )}
      </span>
    </li>
  )
}

const headlines = {
  loading: 'Loading…',
  'signed-out': 'Not signed in',
  active: 'Signed in',
  expired: 'Session expired',
} as const

/** Signs the one back in whose session it was. */
function Enter({ server }: { server: ChatServer }): JSX.Element {
  const { state } = rows[server].session
  const identity = state.status === 'expired' ? state.identity : undefined
  return (
    <button type="button" className="button" onClick={() => void enter(server, identity?.split('#')[1])}>
      Sign in again at {server}
    </button>
  )
}

/** The sign-in of one server, in place. */
function SignInAt({ server }: { server: ChatServer }): JSX.Element {
  const { state } = rows[server].session
  return (
    <div className="sign-in-at">
      {state.status === 'expired' ? (
        <>
          <p role="alert">{state.error.message}. What you had written is kept.</p>
          <Enter server={server} />
        </>
      ) : (
        <>
          <p>Who are you at {server}?</p>
          <div className="glance-actions">
            {people.map(({ id, name }) => (
              <button key={id} type="button" className="button" onClick={() => void enter(server, id)}>
                {name}
              </button>
            ))}
          </div>
        </>
      )}
    </div>
  )
}

function Room({ row: { composer, server } }: { row: Row }): JSX.Element {
  const { text, told } = useStore(composer.composing)
  const [isSending, setSending] = useState(false)
  const id = useId()
  async function send(): Promise<void> {
    setSending(true)
    await composer.send()
    setSending(false)
  }
  return (
    <form
      className="field"
      onSubmit={(event) => {
        event.preventDefault()
        if (!isSending) void send()
      }}
    >
      <label htmlFor={id}>Write to {server}</label>
      <textarea id={id} rows={3} value={text} onChange={(event) => composer.write(event.target.value)} />
      <button type="submit" className="button primary">
        Send
      </button>
      <p role="status" className="hint">
        {told}
      </p>
    </form>
  )
}
