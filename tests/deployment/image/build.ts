/** Builds the image without a Docker engine: carries out the steps of a Dockerfile in a directory. Needs root. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { assignments, execForm, type Instruction, parseDockerfile, type Stage } from './dockerfile.ts'
import { machine, npmCache } from './machine.ts'

export interface Image {
  /** The directory with its files. */
  readonly root: string
  readonly env: Readonly<Record<string, string>>
  readonly directory: string
  readonly user: { readonly uid: number; readonly gid: number }
  readonly command: readonly string[]
  readonly healthcheck: { readonly command: readonly string[]; readonly flags: Readonly<Record<string, string>> }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** The image that `makeBase` stands in for. */
const BASE = /^node:\d+\.\d+\.\d+-bookworm-slim$/

/** Builds all stages below `home`, and returns the last one. `context` is a directory with what a build may copy. */
export function buildImage(dockerfile: string, context: string, home: string): Image {
  const built = new Map<string, Image>()
  let last: Image | undefined
  // That of a build, whatever that of the tests is.
  const mask = process.umask(0o022)
  try {
    for (const [index, stage] of parseDockerfile(dockerfile).entries()) {
      last = buildStage(stage, { context, built, root: join(home, `stage-${index}`) })
      built.set(stage.name, last)
    }
  } finally {
    process.umask(mask)
  }
  if (last === undefined) throw new Error('The Dockerfile has no stage')
  return last
}

interface Surroundings {
  readonly context: string
  readonly built: ReadonlyMap<string, Image>
  readonly root: string
}

function buildStage({ base, instructions }: Stage, surroundings: Surroundings): Image {
  if (!BASE.test(base)) throw new Error(`Another base image than Node's: ${base}`)
  const image: Mutable<Image> = {
    root: surroundings.root,
    env: { PATH: '/node/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
    directory: '/',
    user: { uid: 0, gid: 0 },
    command: [],
    healthcheck: { command: [], flags: {} },
  }
  makeBase(image.root)
  for (const instruction of instructions) carryOut(instruction, image, surroundings)
  return image
}

function carryOut({ name, text, flags }: Instruction, image: Mutable<Image>, surroundings: Surroundings): void {
  if (name === 'WORKDIR') {
    image.directory = resolve(image.directory, text)
    mkdirSync(join(image.root, image.directory), { recursive: true, mode: 0o755 })
  } else if (name === 'COPY') copy(text.split(/\s+/), flags['from'], image, surroundings)
  else if (name === 'RUN') run(text, image)
  else if (name === 'ENV') image.env = { ...image.env, ...assignments(text) }
  else if (name === 'USER') {
    const [, uid = '', gid = ''] = /^(\d+):(\d+)$/.exec(text) ?? []
    if (gid === '') throw new Error(`A user without both numbers: ${text}`)
    image.user = { uid: Number(uid), gid: Number(gid) }
  } else if (name === 'CMD') image.command = execForm(text)
  else if (name === 'HEALTHCHECK') image.healthcheck = { command: execForm(text.replace(/^CMD\s+/, '')), flags }
}

/** What stands in for the base image: the programs of this machine, read-only, and the Node of these tests. */
export function makeBase(root: string): void {
  for (const name of ['', 'usr', 'etc', 'proc', 'dev', 'run', 'node/bin'])
    mkdirSync(join(root, name), { recursive: true })
  mkdirSync(join(root, 'tmp'))
  chmodSync(join(root, 'tmp'), 0o1777)
  for (const name of ['bin', 'sbin', 'lib', 'lib64'])
    if (existsSync(`/${name}`) && lstatSync(`/${name}`).isSymbolicLink())
      symlinkSync(readlinkSync(`/${name}`), join(root, name))
  if (existsSync('/etc/ld.so.cache')) copyFileSync('/etc/ld.so.cache', join(root, 'etc/ld.so.cache'))
  // One copy for all stages: the user of the container may not see where Node is installed.
  const node = join(dirname(root), 'node')
  if (!existsSync(node)) copyFileSync(process.execPath, node)
  linkSync(node, join(root, 'node/bin/node'))
  symlinkSync(machine.npm, join(root, 'node/bin/npm'))
}

/** As COPY does: the contents of a directory, or a file; with their modes, and owned by root. */
function copy(words: readonly string[], from: string | undefined, image: Image, surroundings: Surroundings): void {
  const origin = from === undefined ? surroundings.context : surroundings.built.get(from)?.root
  const target = words.at(-1) ?? ''
  if (origin === undefined || words.length < 2) throw new Error(`Not understood: COPY ${words.join(' ')}`)
  const destination = join(image.root, resolve(image.directory, target))
  for (const word of words.slice(0, -1)) {
    const source = join(origin, word)
    const isDirectory = lstatSync(source).isDirectory()
    if (!isDirectory && !target.endsWith('/')) throw new Error(`Not understood: COPY of a file to ${target}`)
    const isNew = isDirectory && !existsSync(destination)
    const sources = isDirectory && !isNew ? readdirSync(source).map((name) => join(source, name)) : [source]
    // A directory that this makes gets the mode of its source: stricter than what some builders do.
    execFileSync('cp', ['-R', '--preserve=mode,links', ...(isNew ? ['-T'] : []), ...sources, destination])
  }
}

/** As RUN does: a shell, as root. npm takes its packages from its cache, for there is no network. */
function run(script: string, { root, env, directory }: Image): void {
  mkdirSync(join(root, 'npm-cache'), { recursive: true })
  const mounts = ['--bind', root, '/', ...machine.mounts, '--bind', npmCache(), '/npm-cache']
  const isolation = ['--unshare-pid', '--unshare-net', '--proc', '/proc', '--dev', '/dev', '--chdir', directory]
  execFileSync('bwrap', [...mounts, ...isolation, '/bin/sh', '-c', script], {
    env: { ...env, HOME: '/tmp', npm_config_cache: '/npm-cache', npm_config_offline: 'true' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}
