import { createHash } from 'node:crypto'
import { copyFileSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Context, Generator } from '../generator.ts'

/** Kept from run to run; other requirements get another one, so that nothing is left in it from before. */
function environmentDirectory({ source, cache }: Context): string {
  const requirements = readFileSync(join(source, 'requirements.txt'))
  return join(cache, `venv-${createHash('sha256').update(requirements).digest('hex').slice(0, 12)}`)
}

const environment = (context: Context): Record<string, string> => ({
  PATH: [join(environmentDirectory(context), 'bin'), process.env['PATH']].join(delimiter),
  PIP_CACHE_DIR: join(context.cache, 'pip'),
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  PIP_ROOT_USER_ACTION: 'ignore',
})

export const openapiPythonClient: Generator = {
  name: 'openapi-python-client',
  language: 'Python',
  version: '0.29.1',
  needs: [
    { name: 'Python', command: 'python3', atLeast: '3.11' },
    { name: "Python's venv", command: 'python3', args: ['-c', 'import ensurepip, venv'] },
  ],
  steps: {
    install: async (context) => {
      await context.run('python3', ['-m', 'venv', environmentDirectory(context)])
      // requirements.txt names every package, so that each is installed in a chosen version.
      await context.run('pip', ['install', '--no-deps', '--requirement', join(context.source, 'requirements.txt')], {
        env: environment(context),
      })
      await context.run('pip', ['check'], { env: environment(context) })
    },
    generate: (context) =>
      context.run(
        'openapi-python-client',
        [
          'generate',
          '--path',
          context.contract,
          '--config',
          join(context.source, 'config.yaml'),
          '--meta',
          'none',
          '--output-path',
          'notes_client',
          '--fail-on-warning',
        ],
        { env: environment(context) },
      ),
    compile: (context) => {
      copyFileSync(join(context.source, 'round_trip.py'), join(context.directory, 'round_trip.py'))
      return context.run(
        'mypy',
        ['--strict', '--cache-dir', join(context.cache, 'mypy'), 'round_trip.py', 'notes_client'],
        {
          env: environment(context),
        },
      )
    },
    roundTrip: (context) =>
      context.run('python', ['round_trip.py', context.serverUrl], { env: environment(context), seconds: 60 }),
  },
}
