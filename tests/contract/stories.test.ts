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
interface Told {
  readonly code: number
  readonly said: string
  readonly workflows: readonly string[]
  readonly steps: readonly Step[]
}

const server = useServer()
let scratch: string

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'stories-'))
  // In the tool's own process: it must not so much as look up the name of another machine.
  const guard = `import net from 'node:net'; import dns from 'node:dns'; import { appendFileSync } from 'node:fs'
const refuse = (host) => { appendFileSync(${JSON.stringify(join(scratch, 'outside'))}, host + '\\n'); throw new Error('outside: ' + host) }
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

/** Lets redocly tell the stories of a file, against the server of this test. */
async function tell(file: string, inputs: Readonly<Record<string, string>> = {}): Promise<Told> {
  const log = join(scratch, 'log.json')
  const given = Object.entries(inputs).flatMap(([name, value]) => ['--input', `${name}=${value}`])
  const args = ['respect', file, '--server', `notes=${server.url}`, '--json-output', log, ...given]
  const { code, said } = await new Promise<{ code: number; said: string }>((resolve) => {
    // Nothing is switched off here: redocly.yaml does that, for whoever runs the stories by hand as well.
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

const failures = ({ steps }: Told): string[] =>
  steps.flatMap(({ stepId, checks }) =>
    checks.filter(({ status }) => status !== 'success').map(({ name }) => `${stepId}: ${name}`),
  )
const count = (told: Told, name: string): number =>
  told.steps.flatMap(({ checks }) => checks.filter((check) => check.name === name)).length

test('every story comes true, step by step, and every answer holds to the contract', { timeout: 120_000 }, async () => {
  const told = await tell(stories)
  expect(failures(told), told.said).toEqual([])
  expect(told.code).toBe(0)
  expect(told.workflows).toEqual([...text.matchAll(/^ {2}- workflowId: (\S+)$/gm)].map(([, name]) => name))
  expect(told.steps.length).toBeGreaterThan(60)
  expect(count(told, 'status code check')).toBe(told.steps.length)
  // An answer without a body has no schema to hold to.
  const bare = told.steps
    .filter(({ checks }) => !checks.some(({ name }) => name === 'schema check'))
    .map(({ stepId }) => stepId)
  expect(new Set(bare)).toEqual(new Set(['unchanged', 'delete', 'revoke']))
  expect(told.steps.filter(({ checks }) => !checks.some(({ name }) => name === 'success criteria check'))).toEqual([])
})

test('the story of the next page goes on from the cursor of a page', { timeout: 60_000 }, async () => {
  const person = await register(server)
  for (const title of ['One', 'Two']) await person.ask('POST', '/notes', { body: { title, content: 'Hello' } })
  const page = await person.ask('GET', '/notes?limit=1')
  const cursor = /[?&]cursor=([\w-]+)/.exec(page.headers.get('link') ?? '')?.[1] ?? ''
  const told = await tell(join(project, 'docs/paging.arazzo.yaml'), {
    authorization: `Bearer ${person.accessToken}`,
    cursor,
    last: 'One',
  })
  expect(failures(told), told.said).toEqual([])
  expect([told.code, told.steps.length, count(told, 'schema check')]).toEqual([0, 2, 2])
})

test('a story that does not come true is told so', { timeout: 60_000 }, async () => {
  const wrong = join(scratch, 'wrong.arazzo.yaml')
  const contract = pathToFileURL(join(project, 'openapi.yaml')).pathname
  const told = text
    .replace('url: ../openapi.yaml', `url: ${contract}`)
    .replace('$response.body#/version == 2', '$response.body#/version == 7')
  writeFileSync(wrong, told)
  const { code, ...rest } = await tell(wrong)
  expect(code).not.toBe(0)
  expect(failures({ code, ...rest })).toEqual(['change: success criteria check'])
})

test('an answer that does not hold to the contract is told so', { timeout: 60_000 }, async () => {
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
  expect(failures(await tell(file))).toEqual(['register: schema check'])
})

test('nobody outside this machine was asked for, and would have been seen if he had', { timeout: 60_000 }, async () => {
  expect(readFileSync(join(scratch, 'outside'), 'utf8')).toBe('')
  await new Promise((resolve) => {
    const asking = "fetch('http://outside.invalid/').catch(() => 0)"
    execFile(process.execPath, ['--import', join(scratch, 'guard.mjs'), '-e', asking], resolve)
  })
  expect(readFileSync(join(scratch, 'outside'), 'utf8')).toContain('outside.invalid')
})
