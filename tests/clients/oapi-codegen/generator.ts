import { cpSync } from 'node:fs'
import { join } from 'node:path'
import type { Context, Generator } from '../generator.ts'

/** Go says in go.mod and go.sum what it fetches, the generator as a tool too, and compares it with their hashes. */
const environment = ({ cache }: Context): Record<string, string> => ({
  GOMODCACHE: join(cache, 'modules'),
  GOCACHE: join(cache, 'build'),
  GOFLAGS: '-mod=readonly -modcacherw',
  GOTOOLCHAIN: 'local',
  GOWORK: 'off',
  CGO_ENABLED: '0',
})

export const oapiCodegen: Generator = {
  name: 'oapi-codegen',
  language: 'Go',
  version: '2.8.2',
  needs: [{ command: 'go', args: ['version'], atLeast: '1.25' }],
  steps: {
    install: async (context) => {
      cpSync(context.source, context.directory, { recursive: true })
      await context.run('go', ['mod', 'download'], { env: environment(context) })
      await context.run('go', ['build', '-o', 'generator', TOOL], { env: environment(context) })
    },
    generate: (context) => context.run('./generator', ['-config', 'config.yaml', context.contract]),
    compile: async (context) => {
      await context.run('go', ['build', '-o', 'round-trip', '.'], { env: environment(context) })
      await context.run('go', ['vet', './...'], { env: environment(context) })
    },
    roundTrip: ({ run, serverUrl }) => run('./round-trip', [serverUrl], { seconds: 60 }),
  },
}

const TOOL = 'github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen'
