// Taken when this module loads, so that a runner's fake timers, installed later, do not stop time for us.
const setImmediate = (globalThis as { setImmediate?: (callback: () => void) => unknown }).setImmediate
const channel = setImmediate === undefined ? new MessageChannel() : undefined
const turns: (() => void)[] = []
if (channel !== undefined) {
  channel.port1.addEventListener('message', () => {
    turns.shift()?.()
  })
  channel.port1.start()
}

/**
 * Lets everything happen that can happen without time passing: promise callbacks, the reading of bodies, hashing.
 *
 * One turn is a macrotask followed by a fence: a small hash that waits its turn behind those already under way off the
 * thread. A macrotask alone runs every promise callback, however long their chain, but comes round many times before a
 * hash is back. The turns are counted and not timed: code that chains more hashes or body reads than there are turns
 * is not waited for, and real input and output never is; await what it answers instead.
 *
 * @default 6
 */
export async function settle(count = 6): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await macrotask()
    await globalThis.crypto.subtle?.digest('SHA-256', new Uint8Array(1))
  }
}

function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    if (setImmediate !== undefined) {
      setImmediate(resolve)
      return
    }
    turns.push(resolve)
    channel?.port2.postMessage(undefined)
  })
}
