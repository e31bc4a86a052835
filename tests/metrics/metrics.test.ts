import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { problemKinds } from '../../src/http/problem-kinds.ts'
import { createEndedTotals, mergeMetrics } from '../../src/metrics/merge.ts'
import { createMetrics, type Metrics } from '../../src/metrics/metrics.ts'
import { operations } from '../contract/harness/document-examples.ts'

const DOCS = join(import.meta.dirname, '..', '..', 'docs')
const page = readFileSync(join(DOCS, 'monitoring.md'), 'utf8')

/** All metrics with all their labels, as a server that has everything tells them. */
function fullMetrics(version = '1.0.0'): Metrics {
  const metrics = createMetrics()
  metrics.watch({
    gates: () => [['texts', { running: 1, waiting: 2 }]],
    openStreams: () => 3,
    openConnections: async () => 4,
    isSharedByRedis: () => true,
    changes: async () => 5,
    pool: () => ({ busy: 6, idle: 7, waiting: 8 }),
    underWay: () => 9,
    shed: () => 10,
    workers: () => 2,
    dataDir: import.meta.dirname,
    version,
  })
  metrics.count({ operation: 'getNote', status: 404, seconds: 0.03, problem: 'not-found' })
  return metrics
}

const valueOf = (text: string, series: string): number | undefined => {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}
const textOf = async (...metrics: readonly Metrics[]): Promise<string> =>
  mergeMetrics(await Promise.all(metrics.map((one) => one.export())))

test('the page lists every metric, with its type, its labels and what it is', async () => {
  const text = await textOf(fullMetrics())
  const told = text
    .split('\n')
    .filter((line) => line.startsWith('# HELP'))
    .map((line) => {
      const [, , name = '', ...help] = line.split(' ')
      const type = new RegExp(`^# TYPE ${name} (\\w+)$`, 'm').exec(text)?.[1] ?? ''
      const series = new RegExp(`^${name}(?:_bucket)?(?:\\{(.*)\\})? `, 'm').exec(text)
      expect(series, `${name} has a value`).not.toBeNull()
      const labels = [...(series?.[1] ?? '').matchAll(/(\w+)=/g)].flatMap(([, label]) =>
        label === 'le' ? [] : [label],
      )
      return `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help.join(' ').replace(/\.$/, '')} |`
    })
  const listed = page.split('\n').filter((line) => /^\| `\w+` \| (counter|gauge|histogram) /.test(line))
  expect(listed.map((line) => line.replaceAll(/ +/g, ' '))).toEqual(told.map((line) => line.replaceAll(/ +/g, ' ')))
})

test('alerts and the dashboard use metrics and labels that exist', async () => {
  const text = await textOf(fullMetrics())
  const names = new Set([...text.matchAll(/^(\w+?)(?:\{.*\})? /gm)].map(([, name]) => name))
  const dashboard = JSON.parse(readFileSync(join(DOCS, 'monitoring/dashboard.json'), 'utf8')) as Dashboard
  const expressions = [
    ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    readFileSync(join(DOCS, 'monitoring/alerts.yaml'), 'utf8'),
  ]
  const used = expressions.flatMap((one) => one.match(/\b(notes_api|process)_\w+/g) ?? [])
  expect(used.length).toBeGreaterThan(20)
  expect(used.filter((name) => !names.has(name))).toEqual([])
  const types = expressions.flatMap((one) => [...one.matchAll(/type="([\w-]+)"/g)].map(([, type]) => type ?? ''))
  expect(types.filter((type) => !Object.hasOwn(problemKinds, type))).toEqual([])
})

interface Dashboard {
  readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[]
}

test('with every operation, class of status and problem, one scrape has less than 60 KB', async () => {
  const metrics = fullMetrics()
  for (const operation of [...operations.map(({ operationId }) => operationId), undefined])
    for (const status of [200, 304, 404, 503, undefined])
      for (const problem of Object.keys(problemKinds)) metrics.count({ operation, status, seconds: 0.01, problem })
  const text = await textOf(metrics, fullMetrics())
  expect(Buffer.byteLength(text)).toBeLessThan(60_000)
  expect(text.split('\n').length).toBeGreaterThan(400)
})

test('the values of workers are added, but for those that would mean nothing then', async () => {
  const [one, two] = [fullMetrics(), fullMetrics()]
  two.watch({ isSharedByRedis: () => false, changes: async () => undefined })
  const text = await textOf(one, two)
  expect(valueOf(text, 'notes_api_requests_total{operation="getNote",status="4xx"}')).toBe(2)
  expect(valueOf(text, 'notes_api_request_duration_seconds_bucket{le="0.1",operation="getNote"}')).toBe(2)
  expect(valueOf(text, 'notes_api_open_streams')).toBe(6)
  expect(valueOf(text, 'notes_api_database_connections{state="busy"}')).toBe(12)
  expect(valueOf(text, 'notes_api_rate_limits_shared')).toBe(0)
  expect(valueOf(text, 'notes_api_database_up')).toBe(0)
  expect(valueOf(text, 'notes_api_changes_total')).toBe(5)
  expect(valueOf(text, 'notes_api_build_info{version="1.0.0"}')).toBe(1)
})

test('totals of a worker that ended are kept, and what it held is not', async () => {
  const ended = createEndedTotals()
  for (const gone of [fullMetrics(), fullMetrics()]) ended.add(await gone.export())
  const text = await mergeMetrics([await fullMetrics().export(), await ended.read()])
  expect(valueOf(text, 'notes_api_requests_total{operation="getNote",status="4xx"}')).toBe(3)
  expect(valueOf(text, 'notes_api_request_duration_seconds_count{operation="getNote"}')).toBe(3)
  expect(valueOf(text, 'notes_api_requests_shed_total')).toBe(30)
  expect(valueOf(text, 'notes_api_open_streams')).toBe(3)
  expect(valueOf(text, 'notes_api_changes_total')).toBe(5)
})

test('what a server does not have, has no value', async () => {
  const text = await textOf(createMetrics())
  for (const name of [
    'rate_limits_shared',
    'database_up',
    'changes_total',
    'disk_free_bytes',
    'workers',
    'open_streams',
  ])
    expect(valueOf(text, `notes_api_${name}`), name).toBeUndefined()
})

test('a request that its client left is told as such, and an event stream has no duration', async () => {
  const metrics = createMetrics()
  metrics.count({ operation: 'getNote', status: undefined, seconds: 1, problem: undefined })
  metrics.count({ operation: 'streamChanges', status: 200, seconds: 900, problem: undefined })
  const text = await textOf(metrics)
  expect(valueOf(text, 'notes_api_requests_total{operation="getNote",status="aborted"}')).toBe(1)
  expect(valueOf(text, 'notes_api_requests_total{operation="streamChanges",status="2xx"}')).toBe(1)
  expect(text).not.toContain('duration_seconds_count{operation="streamChanges"}')
})

const hasPromtool = spawnSync('promtool', ['--version']).status === 0
describe.skipIf(!hasPromtool)('promtool', () => {
  test.each([
    ['check', 'alerts.yaml'],
    ['test', 'alerts.test.yaml'],
  ])('%s rules %s', (verb, file) => {
    const output = execFileSync('promtool', [verb, 'rules', join(DOCS, 'monitoring', file)], { encoding: 'utf8' })
    expect(output).toContain('SUCCESS')
  })
})
