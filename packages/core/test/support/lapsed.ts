import type { Stage } from './stage.ts'

/** Signs in, and lets the access token lapse. */
export async function lapsed(stage: Stage): Promise<Stage> {
  await stage.signIn()
  stage.clock.jump(300_000)
  return stage
}
