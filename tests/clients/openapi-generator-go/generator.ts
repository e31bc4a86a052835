import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Generator } from '../generator.ts'
import { compile, environment, roundTrip } from '../go/environment.ts'
import { fetchJar, generate, JAVA, VERSION } from '../openapi-generator/jar.ts'

export const openapiGeneratorGo: Generator = {
  name: 'openapi-generator-go',
  language: 'Go',
  version: VERSION,
  needs: [...JAVA, { command: 'go', args: ['version'], atLeast: '1.19' }],
  steps: {
    install: async (context) => {
      await fetchJar(context)
      cpSync(context.source, context.directory, { recursive: true })
      await context.run('go', ['mod', 'download'], { env: environment(context) })
    },
    generate: async (context) => {
      await generate(context, 'client')
      takeUnknownFields(join(context.directory, 'client'))
    },
    compile,
    roundTrip,
  },
}

/** The models refuse a reply with a field that is not in the contract, and no option changes that; see docs/clients.md. */
function takeUnknownFields(directory: string): void {
  for (const name of readdirSync(directory).filter((file) => /^model_.*\.go$/.test(file))) {
    const file = join(directory, name)
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/^.*DisallowUnknownFields.*\n/gm, ''))
  }
}
