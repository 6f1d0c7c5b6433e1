/** Where a session has the signal that is aborted when it is disposed, for those who wait for a change of it. */
export const lifetimeOf: unique symbol = Symbol.for('reauth.lifetime')
