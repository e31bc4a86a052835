import { join } from 'node:path'
import type { Context } from '../generator.ts'

/** Go says in go.mod and go.sum what it fetches, tools too, and compares it with their hashes. */
export const environment = ({ cache }: Context): Record<string, string> => ({
  GOMODCACHE: join(cache, 'modules'),
  GOCACHE: join(cache, 'build'),
  GOFLAGS: '-mod=readonly -modcacherw',
  GOTOOLCHAIN: 'local',
  GOWORK: 'off',
  CGO_ENABLED: '0',
})

/** The program `round-trip`, and what `go vet` has to say about it and the generated code. */
export async function compile(context: Context): Promise<void> {
  await context.run('go', ['build', '-o', 'round-trip', '.'], { env: environment(context) })
  await context.run('go', ['vet', './...'], { env: environment(context) })
}

export const roundTrip = ({ run, serverUrl }: Context): Promise<string> =>
  run('./round-trip', [serverUrl], { seconds: 60 })
