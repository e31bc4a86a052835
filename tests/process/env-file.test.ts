import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { decodeEnvFile, parseEnvFile } from '../../src/config/env-file.ts'
import { nearestName } from '../../src/config/nearest.ts'
import { settings } from '../../src/config/settings.ts'
import { StartupError } from '../../src/startup-error.ts'
import { cleanUp, runServer, serve, temporaryDirectory } from '../support/process.ts'

afterAll(cleanUp)

function read(bytes: Uint8Array): Record<string, string> | readonly string[] {
  try {
    return parseEnvFile(decodeEnvFile(bytes))
  } catch (error) {
    if (error instanceof StartupError) return error.lines
    throw error
  }
}

const utf16 = (text: string, mark: readonly number[]): Buffer => {
  const bytes = Buffer.from(text, 'utf16le')
  return Buffer.concat([Buffer.from(mark), mark[0] === 0xfe ? bytes.swap16() : bytes])
}

test.each([
  ['plain', Buffer.from('A=1\nB=ü\n')],
  ['with a byte order mark', Buffer.from('\uFEFFA=1\nB=ü\n')],
  ['in UTF-16 of Windows', utf16('A=1\r\nB=ü\r\n', [0xff, 0xfe])],
  ['in UTF-16, big-endian', utf16('A=1\nB=ü\n', [0xfe, 0xff])],
  ['with Windows line ends', Buffer.from('A=1\r\nB=ü\r\n')],
  ['with the line ends of old Macs', Buffer.from('A=1\rB=ü\r')],
  ['with export, blanks, comments and quotation marks', Buffer.from('# a\n\n export A = "1"\n  B=\'ü\' # b\n')],
])('a .env %s is read', (_, bytes) => {
  expect(read(bytes)).toEqual({ A: '1', B: 'ü' })
})

test('a value in quotation marks may have several lines, which are no assignments of their own', () => {
  expect(read(Buffer.from('A="one\nB: two\nthree"\nC=4\n'))).toEqual({ A: 'one\nB: two\nthree', C: '4' })
})

test.each([
  ['PORT: 18004', '.env has a colon after PORT in line 1: write PORT=value'],
  ['A=1\nPORT 8000', '.env has no NAME=value in line 2: correct it, or put # before it'],
  ['{ "PORT": 8000 }', '.env has no NAME=value in line 1: correct it, or put # before it'],
  ['[server]', '.env has no NAME=value in line 1: correct it, or put # before it'],
  ['// PORT=8000', '.env has no NAME=value in line 1: correct it, or put # before it'],
  ['=8000', '.env has no NAME=value in line 1: correct it, or put # before it'],
  ['PORT=1\nHOST=a\nPORT=2', '.env sets PORT twice, in lines 1 and 3: remove one'],
  ['SECRET_KEY="canary\nPORT=1', '.env opens a quotation mark in line 1 (SECRET_KEY) and never closes it'],
])('%j in .env is told, without its value', (text, line) => {
  expect(read(Buffer.from(text))).toEqual([line])
})

test.each([
  ['UTF-16 without a byte order mark', utf16('PORT=8000\n', [])],
  ['Latin-1', Buffer.from('PORT=8000 # für alle\n', 'latin1')],
])('a .env in %s is refused', (_, bytes) => {
  expect(read(bytes)).toEqual(['.env is not UTF-8: save it as UTF-8 in your editor'])
})

test.each([
  ['PROT', 'PORT'],
  ['port', 'PORT'],
  ['DATABSE_URL', 'DATABASE_URL'],
  ['DATABASE_URI', 'DATABASE_URL'],
  ['SECRETKEY', 'SECRET_KEY'],
  ['CORS_ORIGIN', 'CORS_ORIGINS'],
  ['LOGLEVEL', 'LOG_LEVEL'],
  ['TRUSTED_PROXY', undefined],
  ['POSTGRES_PASSWORD', undefined],
  ['NODE_ENV', undefined],
  ['X', undefined],
])('the setting nearest to %s is %s', (given, nearest) => {
  const names = settings.map(({ name }) => name)
  expect(nearestName(given, names)).toBe(nearest)
})

async function refusal(env: string | Uint8Array, given: Record<string, string> = {}): Promise<string> {
  const cwd = temporaryDirectory()
  writeFileSync(join(cwd, '.env'), env)
  const { code, stderr } = await runServer({ DATA_DIR: join(cwd, 'data'), ...given }, { cwd })
  expect(code).toBe(1)
  expect(readdirSync(cwd)).toEqual(['.env'])
  return stderr
}

test.each([
  ['PROT=18004\n', 'notes-api: .env sets PROT, which is no setting: did you mean PORT?\n'],
  ['PORT: 18004\n', 'notes-api: .env has a colon after PORT in line 1: write PORT=value\n'],
  [
    'DATABASE_URL=postgres://notes:${PASSWORD}@db.example/notes\n',
    'notes-api: DATABASE_URL in .env holds a ${…} or $(…), which is not expanded there: write the value itself\n',
  ],
])('a start with %j in .env ends with 1 before anything is made', async (text, line) => {
  expect(await refusal(text)).toBe(line)
})

test('the first setting of a .env in UTF-16 has its effect', async () => {
  expect(await refusal(utf16('DATABASE_URL=nowhere\r\nLOG_LEVEL=info\r\n', [0xff, 0xfe]))).toMatch(
    /^notes-api: DATABASE_URL must be a URL .+\nnotes-api: SECRET_KEY is required/,
  )
})

test('a name in .env or the environment that is no setting is told in the log', async () => {
  const cwd = temporaryDirectory()
  const ofCompose = 'POSTGRES_PASSWORD=canary\nPOSTGRES_MEMORY=2g\nAPI_MEMORY=2g\nREPLICA_PORT=8002\n'
  writeFileSync(join(cwd, '.env'), `FAVOURITE_COLOUR=blue\n${ofCompose}`)
  const server = await serve({ DATA_DIR: join(cwd, 'data'), REGISTRATOIN: 'closed' }, { cwd })
  const warnings = server.lines().flatMap(({ level, msg }) => (level === 40 ? [msg] : []))
  expect(warnings).toEqual([
    '.env sets FAVOURITE_COLOUR, which is no setting of this server and has no effect',
    'the environment has REGISTRATOIN, which is no setting: did you mean REGISTRATION?',
  ])
  expect(await server.end('SIGTERM')).toBe(0)
})

test('a relative DATA_DIR is in the folder of notes-api, wherever the server is started from, and the log says where', async () => {
  const cwd = temporaryDirectory()
  writeFileSync(join(cwd, '.env'), '')
  const project = join(import.meta.dirname, '..', '..')
  const name = `node_modules/.cache/data-${process.pid}`
  mkdirSync(join(project, 'node_modules/.cache'), { recursive: true })
  const server = await serve({ DATA_DIR: `./${name}` }, { cwd })
  try {
    expect(readdirSync(cwd)).toEqual(['.env'])
    expect(readdirSync(join(project, name))).toContain('pg18')
    expect(server.stdout()).toContain(join(project, name))
  } finally {
    expect(await server.end('SIGTERM')).toBe(0)
    rmSync(join(project, name), { recursive: true, force: true })
  }
})

test('where there is no .env, that of the folder of notes-api is read; one that is there comes first', async () => {
  const project = join(import.meta.dirname, '..', '..')
  const copy = temporaryDirectory()
  for (const name of ['src', 'generated', 'package.json'])
    cpSync(join(project, name), join(copy, name), { recursive: true })
  symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'))
  writeFileSync(join(copy, '.env'), 'LOG_LEVEL=error\n')
  const cwd = temporaryDirectory()
  const level = async (): Promise<string> => {
    const code = `import { readEnvironment } from ${JSON.stringify(pathToFileURL(join(copy, 'src/config/environment.ts')))}
      process.stdout.write(String(readEnvironment().values.LOG_LEVEL))`
    const args = ['--input-type=module', '--eval', code]
    return (await promisify(execFile)(process.execPath, args, { cwd, env: {} })).stdout
  }
  expect(await level()).toBe('error')
  writeFileSync(join(cwd, '.env'), 'LOG_LEVEL=warn\n')
  expect(await level()).toBe('warn')
})
