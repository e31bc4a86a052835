import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { useServer } from '../support/fixtures.ts'
import { register } from '../support/people.ts'
import { document } from './harness/document-examples.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))
const stories = join(project, 'docs/stories.arazzo.yaml')
const text = readFileSync(stories, 'utf8')

interface Check {
  readonly name: string
  readonly status: string
}
interface Step {
  readonly stepId: string
  readonly checks: readonly Check[]
  readonly response?: { readonly statusCode: number; readonly body?: unknown }
}
interface Outcome {
  readonly code: number
  readonly said: string
  readonly workflows: readonly string[]
  readonly steps: readonly Step[]
}

const server = useServer()
let scratch: string

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'stories-'))
  // Runs in the tool's own process, which must not even look up the name of another host.
  const guard = `import net from 'node:net'; import dns from 'node:dns'; import { appendFileSync } from 'node:fs'
const refuse = (host) => {
  appendFileSync(${JSON.stringify(join(scratch, 'outside'))}, host + '\\n')
  throw new Error('outside: ' + host)
}
const here = (host) => [undefined, 'localhost', '127.0.0.1', '::1'].includes(host)
const { connect } = net.Socket.prototype
net.Socket.prototype.connect = function (...given) {
  const [options] = Array.isArray(given[0]) ? given[0] : given
  const host = typeof options === 'object' ? options.host : undefined
  return here(host) ? connect.apply(this, given) : refuse(host)
}
const { lookup } = dns
dns.lookup = (host, ...rest) => (here(host) ? lookup(host, ...rest) : refuse(host))`
  writeFileSync(join(scratch, 'guard.mjs'), guard)
  writeFileSync(join(scratch, 'outside'), '')
})
afterAll(() => rmSync(scratch, { recursive: true }))

/** Lets redocly run the stories of a file against the server of this test. */
async function runStories(file: string, inputs: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const log = join(scratch, 'log.json')
  const given = Object.entries(inputs).flatMap(([name, value]) => ['--input', `${name}=${value}`])
  const args = ['respect', file, '--server', `notes=${server.url}`, '--json-output', log, ...given]
  const { code, said } = await new Promise<{ code: number; said: string }>((resolve) => {
    // Nothing is switched off here: redocly.yaml does that, also for stories that are run by hand.
    const NODE_OPTIONS = `--import ${pathToFileURL(join(scratch, 'guard.mjs')).href}`
    const options = { cwd: project, maxBuffer: 64 * 1024 * 1024, env: { PATH: process.env['PATH'], NODE_OPTIONS } }
    const child = execFile(
      process.execPath,
      [join(project, 'node_modules/@redocly/cli/bin/cli.js'), ...args],
      options,
      (_, out, err) => {
        resolve({ code: child.exitCode ?? -1, said: out + err })
      },
    )
  })
  const { files } = JSON.parse(readFileSync(log, 'utf8')) as {
    files: Record<string, { executedWorkflows: Workflow[] }>
  }
  const workflows = Object.values(files).flatMap(({ executedWorkflows }) => executedWorkflows)
  return { code, said, workflows: workflows.map(({ workflowId }) => workflowId), steps: workflows.flatMap(stepsOf) }
}

interface Workflow {
  readonly type: 'workflow'
  readonly workflowId: string
  readonly executedSteps: readonly (Workflow | (Step & { readonly type: 'step' }))[]
}

function stepsOf(workflow: Workflow): Step[] {
  return workflow.executedSteps.flatMap((step) => (step.type === 'workflow' ? stepsOf(step) : [step]))
}

const failures = ({ steps }: Outcome): string[] =>
  steps.flatMap(({ stepId, checks }) =>
    checks.filter(({ status }) => status !== 'success').map(({ name }) => `${stepId}: ${name}`),
  )
const count = (outcome: Outcome, name: string): number =>
  outcome.steps.flatMap(({ checks }) => checks.filter((check) => check.name === name)).length

test('every story succeeds, step by step, and every reply matches the contract', { timeout: 120_000 }, async () => {
  const outcome = await runStories(stories)
  expect(failures(outcome), outcome.said).toEqual([])
  expect(outcome.code).toBe(0)
  expect(outcome.workflows).toEqual([...text.matchAll(/^ {2}- workflowId: (\S+)$/gm)].map(([, name]) => name))
  expect(outcome.steps.length).toBeGreaterThan(60)
  expect(count(outcome, 'status code check')).toBe(outcome.steps.length)
  // A reply without a body has no schema to match.
  const bare = outcome.steps
    .filter(({ checks }) => !checks.some(({ name }) => name === 'schema check'))
    .map(({ stepId }) => stepId)
  expect(new Set(bare)).toEqual(new Set(['unchanged', 'delete', 'revoke']))
  expect(outcome.steps.filter(({ checks }) => !checks.some(({ name }) => name === 'success criteria check'))).toEqual(
    [],
  )
})

test('the story of the next page continues from the cursor of a page', { timeout: 60_000 }, async () => {
  const person = await register(server)
  for (const title of ['One', 'Two']) await person.ask('POST', '/notes', { body: { title, content: 'Hello' } })
  const page = await person.ask('GET', '/notes?limit=1')
  const cursor = /[?&]cursor=([\w-]+)/.exec(page.headers.get('link') ?? '')?.[1] ?? ''
  const outcome = await runStories(join(project, 'docs/paging.arazzo.yaml'), {
    authorization: `Bearer ${person.accessToken}`,
    cursor,
    last: 'One',
  })
  expect(failures(outcome), outcome.said).toEqual([])
  expect([outcome.code, outcome.steps.length, count(outcome, 'schema check')]).toEqual([0, 2, 2])
})

test('a story that goes differently is reported', { timeout: 60_000 }, async () => {
  const wrong = join(scratch, 'wrong.arazzo.yaml')
  const contract = pathToFileURL(join(project, 'openapi.yaml')).pathname
  const changed = text
    .replace('url: ../openapi.yaml', `url: ${contract}`)
    .replace('$response.body#/version == 2', '$response.body#/version == 7')
  writeFileSync(wrong, changed)
  const { code, ...rest } = await runStories(wrong)
  expect(code).not.toBe(0)
  expect(failures({ code, ...rest })).toEqual(['change: success criteria check'])
})

test('a reply that breaks the contract is reported', { timeout: 60_000 }, async () => {
  const broken = document.text.replace(
    'required: [id, email, is_active, created_at]',
    'required: [id, email, is_active, created_at, nickname]',
  )
  expect(broken).not.toBe(document.text)
  writeFileSync(join(scratch, 'broken.yaml'), broken)
  const file = join(scratch, 'broken.arazzo.yaml')
  writeFileSync(
    file,
    text.slice(0, text.indexOf('\n  - workflowId: life-of-a-note')).replace('../openapi.yaml', './broken.yaml'),
  )
  expect(failures(await runStories(file))).toEqual(['register: schema check'])
})

test(
  'no host outside this machine was contacted, and contacting one would be noticed',
  { timeout: 60_000 },
  async () => {
    expect(readFileSync(join(scratch, 'outside'), 'utf8')).toBe('')
    await new Promise((resolve) => {
      const asking = "fetch('http://outside.invalid/').catch(() => 0)"
      execFile(process.execPath, ['--import', join(scratch, 'guard.mjs'), '-e', asking], resolve)
    })
    expect(readFileSync(join(scratch, 'outside'), 'utf8')).toContain('outside.invalid')
  },
)
