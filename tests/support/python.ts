import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Run } from '../clients/generator.ts'

/** Kept from run to run; other requirements get another one, so that nothing is left in it from before. */
export function pythonDirectory(cache: string, requirements: string): string {
  return join(cache, `venv-${createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)}`)
}

/** With these variables, commands such as `python` are those of the environment. */
export const pythonVariables = (directory: string, cache: string): Record<string, string> => ({
  PATH: [join(directory, 'bin'), process.env['PATH']].join(delimiter),
  PIP_CACHE_DIR: join(cache, 'pip'),
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  PIP_ROOT_USER_ACTION: 'ignore',
})

/** Installs the packages of a requirements file, which names every package, so that each has a chosen version. */
export async function installPython(cache: string, requirements: string, run: Run): Promise<void> {
  const directory = pythonDirectory(cache, requirements)
  const stamp = join(directory, 'installed')
  if (existsSync(stamp)) return
  rmSync(directory, { recursive: true, force: true })
  const env = pythonVariables(directory, cache)
  await run('python3', ['-m', 'venv', directory])
  await run('pip', ['install', '--no-deps', '--requirement', requirements], { env })
  await run('pip', ['check'], { env })
  writeFileSync(stamp, '')
}
