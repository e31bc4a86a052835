import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Run } from '../clients/generator.ts'

/** The oldest Python for which the pinned packages are made. */
const OLDEST = [3, 11]

/** Where `installPython` puts the packages of a requirements file; other requirements have another place. */
export function pythonDirectory(cache: string, requirements: string): string {
  const key = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)
  return join(cache, `venv-${key}`)
}

/**
 * Installs the packages of a requirements file, which names every package, so that each has a chosen version. The
 * environment is kept from run to run; other requirements get another one, so that nothing is left in it from before.
 * Returns the variables with which commands such as `python` are those of the environment.
 */
export async function installPython(cache: string, requirements: string, run: Run): Promise<Record<string, string>> {
  const directory = pythonDirectory(cache, requirements)
  const env = {
    PATH: [join(directory, 'bin'), process.env['PATH']].join(delimiter),
    PIP_CACHE_DIR: join(cache, 'pip'),
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_ROOT_USER_ACTION: 'ignore',
  }
  const stamp = join(directory, 'installed')
  if (existsSync(stamp)) return env
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(cache, { recursive: true })
  await requirePython(run)
  await run('python3', ['-m', 'venv', directory])
  await run('pip', ['install', '--no-deps', '--requirement', requirements], { env })
  await run('pip', ['check'], { env })
  writeFileSync(stamp, '')
  return env
}

async function requirePython(run: Run): Promise<void> {
  const condition = `sys.version_info >= (${OLDEST.join(', ')})`
  await run('python3', ['-c', `import ensurepip, sys, venv; sys.exit(not ${condition})`]).catch((error: unknown) => {
    throw new Error(`This needs Python ${OLDEST.join('.')} or newer with venv (Debian: python3-venv)\n${String(error)}`)
  })
}
