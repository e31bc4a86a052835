import { createHash } from 'node:crypto'
import { copyFileSync, cpSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Context, Generator } from '../generator.ts'
import manifest from './package.json' with { type: 'json' }

interface Options {
  readonly name: string
  /** The package whose version is in the table. */
  readonly package: keyof typeof manifest.devDependencies
  /** The binary and its arguments. Its directory has openapi.yaml, the generator's files and node_modules. */
  readonly command: readonly [string, ...string[]]
  /** Strict compiler settings that the generated code does not pass; listed in docs/clients.md. */
  readonly relaxed?: readonly string[]
}

export function typescriptGenerator(options: Options): Generator {
  return {
    name: options.name,
    language: 'TypeScript',
    version: manifest.devDependencies[options.package],
    needs: [{ command: 'npm', atLeast: '10.0' }],
    steps: {
      install,
      generate: async ({ contract, source, directory, run }) => {
        cpSync(source, directory, { recursive: true })
        copyFileSync(contract, join(directory, 'openapi.yaml'))
        for (const file of ['expect.ts', 'tsconfig.json', 'package.json'])
          copyFileSync(join(import.meta.dirname, file), join(directory, file))
        const [command, ...args] = options.command
        await run(join(directory, 'node_modules', '.bin', command), args)
      },
      compile: async ({ directory, run }) => {
        const relaxed = (options.relaxed ?? []).flatMap((name) => [`--${name}`, 'false'])
        const compiler = join(directory, 'node_modules', 'typescript7', 'bin', 'tsc')
        await run(process.execPath, [compiler, '--project', 'tsconfig.json', ...relaxed])
      },
      roundTrip: async ({ serverUrl, run }) => {
        const said = await run(process.execPath, [join('out', 'round-trip.js'), serverUrl], { seconds: 60 })
        if (!said.startsWith('round trip ok: '))
          throw new Error(`The round trip ended without saying that it is ok: ${said}`)
      },
    },
  }
}

/** All of them share one installation, made anew when the lockfile changes; none of their install scripts is run. */
async function install({ directory, cache, run }: Context): Promise<void> {
  const lockfile = readFileSync(join(import.meta.dirname, 'package-lock.json'))
  const wanted = createHash('sha256').update(lockfile).digest('hex')
  const stamp = join(cache, 'installed')
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    rmSync(stamp, { force: true })
    for (const file of ['package.json', 'package-lock.json'])
      copyFileSync(join(import.meta.dirname, file), join(cache, file))
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: cache })
    writeFileSync(stamp, wanted)
  }
  symlinkSync(join(cache, 'node_modules'), join(directory, 'node_modules'), 'dir')
}
