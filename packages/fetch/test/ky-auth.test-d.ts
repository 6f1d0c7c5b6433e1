import { type Session, staticSource } from '@reauth/core'
import { kyAuth, type KyAuthOptions } from '@reauth/fetch/ky'
import ky, { type Hooks, type KyInstance, type Options } from 'ky'
import { expectTypeOf, it } from 'vitest'

declare const session: Session

it('kyAuth goes into ky.extend and ky.create, alone or spread among other options', () => {
  expectTypeOf(kyAuth(session)).toExtend<Options>()
  expectTypeOf(kyAuth(session)).toEqualTypeOf<{ hooks: Hooks }>()
  expectTypeOf(ky.extend(kyAuth(session))).toEqualTypeOf<KyInstance>()
  expectTypeOf(ky.create({ prefix: 'https://api.test', ...kyAuth(staticSource('a')) })).toEqualTypeOf<KyInstance>()
  expectTypeOf(ky.extend(kyAuth(session)).extend(kyAuth(session))).toEqualTypeOf<KyInstance>()
  expectTypeOf(ky.extend((parent) => ({ ...parent, ...kyAuth(session) }))).toEqualTypeOf<KyInstance>()
})

it('the options are those of fetch that make sense under ky', () => {
  expectTypeOf<keyof KyAuthOptions>().toEqualTypeOf<'minValidityMs' | 'authorization' | 'attach' | 'classify'>()
  // @ts-expect-error -- ky has a fetch of its own
  kyAuth(session, { fetch })
})
