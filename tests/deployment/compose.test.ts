import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Ajv2020 from 'ajv/dist/2020.js'
import { load } from 'js-yaml'
import { afterAll, describe, expect, test } from 'vitest'
import { OF_COMPOSE } from '../../src/config/environment.ts'
import { settings } from '../../src/config/settings.ts'
import { cleanUp, temporaryDirectory } from '../support/process.ts'
import { brokenPromises, type Service } from './promises.ts'
import { canRun, composeConfig, loaderSchema, PROJECT } from './tools.ts'

const FILE = join(PROJECT, 'compose.yaml')
const text = readFileSync(FILE, 'utf8')
/** compose-spec.json is that of compose-go, unchanged: © The Compose Specification Authors, Apache License 2.0. */
const schema = readFileSync(join(import.meta.dirname, 'compose-spec.json'), 'utf8')
const SECRET_KEY = 'a key of at least thirty-two bytes'

afterAll(cleanUp)

interface Project {
  readonly services: Readonly<Record<string, Service>>
}

const written = load(text) as Project

describe('compose.yaml by the schema of the Compose Specification', () => {
  const validate = new Ajv2020.default({ strict: false, allErrors: true }).compile(JSON.parse(schema) as object)
  const errorsOf = (yaml: string): string[] => {
    validate(load(yaml))
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
  }

  test('is valid', () => {
    expect(errorsOf(text)).toEqual([])
  })

  test.each([
    ['a misspelt key', '  restart:', '  restrat:', 'must NOT have unevaluated properties'],
    ['a text in place of a list', '  cap_drop: [ALL]', '  cap_drop: ALL', 'must be array'],
    ['a size that is none', 'mem_limit: 128m', 'mem_limit: [128m]', 'must be number,string'],
  ])('%s is found', (_, good, bad, message) => {
    expect(text).toContain(good)
    expect(errorsOf(text.replace(good, bad)).join('\n')).toContain(message)
  })
})

describe('every container', () => {
  test('is restarted, limited and has no rights that it does not need', () => {
    expect(Object.keys(written.services)).toEqual(['api', 'replica', 'db', 'redis'])
    for (const [name, service] of Object.entries(written.services))
      expect([name, brokenPromises(service)]).toEqual([name, []])
  })

  test.each(Object.keys(written.services))('the lack of a promised line of %s would be found', (name) => {
    const service = written.services[name] ?? {}
    const promised = ['restart', 'read_only', 'cap_drop', 'security_opt', 'logging', 'mem_limit', 'pids_limit']
    for (const key of [...promised, 'cpu_shares'])
      expect(brokenPromises({ ...service, [key]: undefined })).toEqual([key])
    expect(brokenPromises({ ...service, cap_add: ['NET_ADMIN'] })).toEqual(['cap_drop'])
    expect(brokenPromises({ ...service, cpus: 4, privileged: true })).toEqual(['cpu_shares', 'privileged'])
  })
})

test('a variable of compose.yaml is a setting, or docs/deployment.md has it with its default', () => {
  const names = new Set<string>(settings.map(({ name }) => name))
  const variables = [...text.matchAll(/\$\{(\w+):-(\w*)/g)].map(([, name = '', value = '']) => [name, value] as const)
  const own = new Map(variables.filter(([name]) => !names.has(name)))
  const page = readFileSync(join(PROJECT, 'docs', 'deployment.md'), 'utf8')
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| `(\w+)` \|/gm)].map(
    ([, name = '', value = '']) => [name, value] as const,
  )
  expect(new Map(rows)).toEqual(own)
  // The server reads the same .env and knows that they are not meant for it.
  expect([...own.keys()].filter((name) => !OF_COMPOSE.test(name))).toEqual([])
})

/** The services of compose.yaml, as Docker Compose would start them. */
function resolve(
  profiles: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Project['services'] {
  const { status, stdout, stderr } = composeConfig(FILE, { SECRET_KEY, ...environment }, profiles)
  expect([status, stderr]).toEqual([0, ''])
  return (JSON.parse(stdout) as Project).services
}

if (!canRun.composeGo)
  process.stderr.write('skipped: the loader of Docker Compose (node tests/deployment/install.ts installs it)\n')

describe.skipIf(!canRun.composeGo)('compose.yaml as Docker Compose loads it', () => {
  test('the schema of this repository is the one that it validates by', () => {
    expect(loaderSchema() === schema).toBe(true)
  })

  test.each([
    [[], ['api', 'db']],
    [['redis'], ['api', 'db', 'redis']],
    [['replica'], ['api', 'db', 'redis', 'replica']],
  ])('the profiles %j have their services, which keep what is promised', (profiles, names) => {
    const services = resolve(profiles)
    expect(Object.keys(services).toSorted()).toEqual(names)
    for (const [name, service] of Object.entries(services)) expect([name, brokenPromises(service)]).toEqual([name, []])
  })

  test('the replica is the api on another port, from the image that is built for it', () => {
    const { api, replica } = resolve(['replica'], { PORT: '9000', REPLICA_PORT: '9001', REDIS_URL: 'redis://redis' })
    const { build, ports, ...common } = api ?? {}
    const { pull_policy: policy, ports: others, profiles, ...same } = replica ?? {}
    expect(same).toEqual(common)
    expect([build, policy, profiles]).toEqual([{ context: PROJECT, dockerfile: 'Dockerfile' }, 'never', ['replica']])
    const published = [ports, others].map((list) => list as readonly { host_ip: string; published: string }[])
    expect(published.map((list) => list.map((port) => `${port.host_ip}:${port.published}`))).toEqual([
      ['127.0.0.1:9000'],
      ['127.0.0.1:9001'],
    ])
  })

  test('limits of memory and a password with any characters arrive as they were set', () => {
    const password = `p@ss:/'"#%w{rd`
    const given = { API_MEMORY: '3g', POSTGRES_MEMORY: '512m', POSTGRES_PASSWORD: password }
    const { api, replica, db } = resolve(['replica'], given)
    const limits = [api, replica, db].map((service) => service?.['mem_limit'])
    expect(limits).toEqual([3 * 1024 ** 3, 3 * 1024 ** 3, 512 * 1024 ** 2].map(String))
    expect([api, replica].map((service) => service?.['environment'])).toEqual(
      Array(2).fill(expect.objectContaining({ DATABASE_PASSWORD: password, SECRET_KEY })),
    )
    expect(db?.['environment']).toMatchObject({ POSTGRES_PASSWORD: password })
  })

  test('without SECRET_KEY it is refused, and says how to make one', () => {
    for (const environment of [{}, { SECRET_KEY: '' }])
      expect(composeConfig(FILE, environment)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('set SECRET_KEY in .env, made with "openssl rand -base64 32"') as string,
      })
  })

  test.each([
    ['a misspelt key', '  restart:', '  restrat:', 'restrat false schema'],
    ['a network that is not declared', 'networks: [database]', 'networks: [databse]', 'undefined network databse'],
    [
      'a service that is not there',
      'depends_on:\n    db:',
      'depends_on:\n    bd:',
      'depends on undefined service "bd"',
    ],
    ['a size that is none', 'mem_limit: 128m', 'mem_limit: much', 'invalid size'],
    ['a duration that is none', 'interval: 3s', 'interval: often', 'duration'],
  ])('%s is found', (_, good, bad, message) => {
    expect(text).toContain(good)
    const file = join(temporaryDirectory(), 'compose.yaml')
    writeFileSync(file, text.replace(good, bad))
    const { status, stderr } = composeConfig(file, { SECRET_KEY })
    expect([status, stderr]).toEqual([1, expect.stringContaining(message)])
  })
})
