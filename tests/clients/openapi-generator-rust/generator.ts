import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Context, Generator } from '../generator.ts'
import { JAVA, VERSION, fetchJar, generate } from '../openapi-generator/jar.ts'

const environment = ({ cache }: Context): Record<string, string> => ({
  CARGO_HOME: join(cache, 'home'),
  CARGO_TARGET_DIR: join(cache, 'target'),
})

export const openapiGeneratorRust: Generator = {
  name: 'openapi-generator-rust',
  language: 'Rust',
  version: VERSION,
  needs: [...JAVA, { command: 'cargo', atLeast: '1.89' }, { name: 'a C linker (cc)', command: 'cc' }],
  steps: {
    install: async (context) => {
      await fetchJar(context)
      cpSync(context.source, context.directory, { recursive: true })
      // Cargo reads all manifests before it fetches, the generated one too.
      await generate(context, 'notes_client')
      await context.run('cargo', ['fetch', '--locked'], { env: environment(context) })
      rmSync(join(context.directory, 'notes_client'), { recursive: true })
    },
    generate: (context) => generate(context, 'notes_client'),
    compile: (context) => context.run('cargo', ['build', '--locked', '--offline'], { env: environment(context) }),
    roundTrip: (context) =>
      context.run(join(context.cache, 'target', 'debug', 'round_trip'), [context.serverUrl], { seconds: 60 }),
  },
}
