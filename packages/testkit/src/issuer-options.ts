import { type IssuerClock, systemClock } from './issuer-clock.ts'

/** How an issuer behaves. */
export interface IssuerOptions {
  /**
   * Where it stands; its tokens name it, so that those of two issuers never agree.
   *
   * @default 'https://issuer.test'
   */
  origin?: string
  /**
   * What it reads the time from.
   *
   * @default the machine's clock
   */
  clock?: IssuerClock
  /**
   * How long an access token lives, in ms.
   *
   * @default 300_000
   */
  accessTokenLifetimeMs?: number
  /**
   * How long after a rotation the previous refresh token gets the same successor again, in ms. With 0, as with a strict
   * issuer, its second use revokes the whole family.
   *
   * @default 0
   */
  graceMs?: number
  /**
   * Whether each refresh spends the refresh token and gives another.
   *
   * @default true
   */
  rotate?: boolean
  /**
   * Whether answers to a refresh leave `refresh_token` out, which means that the old one stays (RFC 6749, section 6); so
   * it does not rotate either.
   *
   * @default false
   */
  omitRefreshToken?: boolean
  /**
   * Whether answers tell the lifetime, as they should and need not (RFC 6749, section 5.1).
   *
   * @default true
   */
  expiresIn?: boolean
  /**
   * Whether answers hold an ID token, unsigned, with `iss` and `sub`.
   *
   * @default true
   */
  idToken?: boolean
}

/** Returns the options with their defaults. Throws a `TypeError` for what is no origin. */
export function completeOptions(options: IssuerOptions): Required<IssuerOptions> {
  const { origin = 'https://issuer.test', omitRefreshToken = false } = options
  if (new URL(origin).origin !== origin) throw new TypeError(`origin: "${origin}" is no origin; leave the path out`)
  return {
    clock: systemClock,
    accessTokenLifetimeMs: 300_000,
    graceMs: 0,
    expiresIn: true,
    idToken: true,
    ...options,
    origin,
    omitRefreshToken,
    rotate: (options.rotate ?? true) && !omitRefreshToken,
  }
}
