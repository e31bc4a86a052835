/** What this machine has for containers without an engine. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PROJECT } from '../tools.ts'

const npm = npmProgram()
const npmPackage = dirname(dirname(npm))

export const machine = {
  npm,
  /** For bubblewrap: what of the machine is in each container, read-only; also an npm of one's own, as nvm has it. */
  mounts: ['/usr', ...(npm.startsWith('/usr/') ? [] : [npmPackage])].flatMap((path) => ['--ro-bind', path, path]),
}

function npmProgram(): string {
  const found = spawnSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).stdout.trim()
  return found === '' ? '' : realpathSync(found)
}

export function npmCache(): string {
  return execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).trim()
}

/** Why no container can be run here; undefined if one can. */
export function obstacle(): string | undefined {
  if (process.platform !== 'linux') return 'bubblewrap is of Linux only'
  if (process.getuid?.() !== 0) return 'only root can become the user of a container'
  const missing = ['bwrap', 'setpriv', 'nsenter', 'npm'].find(
    (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0,
  )
  if (missing !== undefined) return `${missing} is not installed`
  const user = ['--reuid', '10001', '--regid', '10001', '--clear-groups']
  const tried = spawnSync('setpriv', [...user, 'bwrap', '--ro-bind', '/', '/', '--unshare-all', 'true'], {
    encoding: 'utf8',
  })
  return tried.status === 0 ? undefined : `user namespaces are not allowed (${tried.stderr.trim()})`
}

interface Locked {
  readonly integrity?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly devOptional?: boolean
}

/** The first package of the image that npm's cache has not, so that npm would need the network. */
export function notCached(): string | undefined {
  const lock = readFileSync(join(PROJECT, 'package-lock.json'), 'utf8')
  const { packages } = JSON.parse(lock) as { packages: Readonly<Record<string, Locked>> }
  const contents = join(npmCache(), '_cacache', 'content-v2')
  return Object.entries(packages).find(([path, { integrity, dev, optional, devOptional }]) => {
    if (path === '' || dev || optional || devOptional || integrity === undefined) return false
    const [algorithm = '', digest = ''] = integrity.split('-')
    const hex = Buffer.from(digest, 'base64').toString('hex')
    return !existsSync(join(contents, algorithm, hex.slice(0, 2), hex.slice(2, 4), hex.slice(4)))
  })?.[0]
}
