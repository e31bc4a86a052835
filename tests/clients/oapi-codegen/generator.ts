import { cpSync } from 'node:fs'
import type { Generator } from '../generator.ts'
import { compile, environment, roundTrip } from '../go/environment.ts'

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
    compile,
    roundTrip,
  },
}

const TOOL = 'github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen'
