import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { string } from '../../src/contract/document/document.ts'
import { curlSample } from '../../src/generate/samples/curl.ts'
import { pythonSample } from '../../src/generate/samples/python.ts'
import { typescriptSample } from '../../src/generate/samples/typescript.ts'
import { exampleBody, operations, requestExamples } from '../contract/harness/document-examples.ts'
import { setStage } from '../contract/harness/example-stages.ts'
import { wellFormed } from '../contract/operations.ts'
import { ask, enrol, type Person, userIdOf } from '../support/people.ts'
import { until } from '../support/process.ts'
import { useServer } from '../support/fixtures.ts'
import { type PythonRunner, startPython } from './python-runner.ts'

const run = promisify(execFile)
const inCi = process.env['CI'] === 'true'
const hasCurl = spawnSync('curl', ['--version']).status === 0
const python = (code: string): boolean => spawnSync('python3', ['-c', code]).status === 0
const hasPython = python('')
const hasRequests = python('import requests')
if (!hasPython)
  process.stderr.write('no python3 here: the samples for Python are compared, but neither compiled nor run\n')
else if (!hasRequests)
  process.stderr.write('no requests for python3 here: the samples for Python are compiled, but not run\n')

interface Sample {
  readonly lang: string
  readonly label: string
  readonly source: string
}
const generated: Record<string, Sample[]> = JSON.parse(
  readFileSync(new URL('../../generated/code-samples.json', import.meta.url), 'utf8'),
) as Record<string, Sample[]>

/** Every sample with the operation and the example that it shows. */
const samples = operations.flatMap((operation) => {
  const names = [...new Set(requestExamples(operation).map(({ name }) => name))]
  return (generated[operation.operationId] ?? []).map((sample, index) => {
    const example = names[Math.floor(index / 3)]
    return { ...sample, operation, example, title: `${operation.operationId} ${sample.label}` }
  })
})
const written = (language: string) => samples.filter(({ label }) => label.startsWith(language))

const server = useServer()
let scratch: string

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'samples-'))
  writeFileSync(join(scratch, 'package.json'), '{"type": "module"}')
  // Prints the status of each reply, which the samples themselves do not.
  const watching =
    'const own = fetch; ' +
    'globalThis.fetch = async (...a) => { const r = await own(...a); console.error(r.status); return r }'
  writeFileSync(join(scratch, 'watch.js'), watching)
})
afterAll(() => rmSync(scratch, { recursive: true }))

/** The sample with the address of this server and the id of something that exists; nothing else changes. */
async function readyToRun({
  operation,
  example,
  source,
}: (typeof samples)[number]): Promise<{ source: string; TOKEN: string }> {
  const caller = await enrol(server, { password: string(exampleBody('registerUser')['password']) })
  await setStage(server, operation.operationId, example, caller)
  const { path } = await wellFormed(operation, server, caller)
  if (operation.operationId === 'editNote' && example === 'oneOfSeveral') {
    const content = '# 2025\n\n## Shopping\n\n- [ ] milk\n\n# 2026\n\n## Shopping\n\n- [ ] milk\n'
    await server.db.updateTable('notes').set({ content }).where('owner_id', '=', userIdOf(caller)).execute()
  }
  if (operation.responses.get(200)?.events !== undefined) endingStreams.push(endStreamOf(caller))
  const shown = new RegExp(`http://localhost:8000${operation.path.replace(/\{\w+\}/g, '[\\w-]+')}(?=['"?])`, 'g')
  expect(source.match(shown), source).toHaveLength(1)
  return { source: source.replace(shown, `${server.url}${path}`), TOKEN: caller.accessToken }
}

/** A sample of a stream runs until the server ends the stream; here it does so once the sample reads it. */
async function endStreamOf(caller: Person): Promise<void> {
  await until('the sample reads the stream', async () => server.openStreams() > 0)
  const userId = userIdOf(caller)
  await server.db
    .updateTable('sessions')
    .set({ ended_at: sql<string>`now()` })
    .where('user_id', '=', userId)
    .execute()
}

const endingStreams: Promise<void>[] = []
afterEach(() => Promise.all(endingStreams.splice(0)))

const successOf = ({ operation }: (typeof samples)[number]): string =>
  String([...operation.responses.keys()].find((status) => status >= 200 && status < 300))

test('every operation has a sample of each example in each language, and they are served with it', async () => {
  const served = (await ask(server, 'GET', '/openapi.json')).body['paths'] as Record<
    string,
    Record<string, Record<string, unknown>>
  >
  for (const operation of operations) {
    const own = generated[operation.operationId] ?? []
    const examples = new Set(requestExamples(operation).map(({ name }) => name)).size
    expect(own.slice(0, 3).map(({ label }) => label)).toEqual(['curl', 'TypeScript', 'Python'])
    expect(own, operation.operationId).toHaveLength(3 * Math.max(1, examples))
    expect(new Set(own.map(({ label }) => label)).size).toBe(own.length)
    expect(served[operation.path]?.[operation.method]?.['x-codeSamples']).toEqual(own)
  }
  expect(Object.keys(generated)).toHaveLength(operations.length)
})

test.each(written('curl'))('$title runs in bash and succeeds', { skip: !hasCurl && !inCi }, async (sample) => {
  const { source, TOKEN } = await readyToRun(sample)
  const script = String.raw`curl() { command curl -sS -o /dev/null -w '%{http_code}' "$@"; }` + `\n${source}`
  const { stdout } = await run('bash', ['-euc', script], { env: { PATH: process.env['PATH'], TOKEN } })
  expect(stdout).toBe(successOf(sample))
})

describe('TypeScript', () => {
  test('every sample compiles with strict types', async () => {
    const project = fileURLToPath(new URL('../..', import.meta.url))
    const folder = mkdtempSync(join(scratch, 'types-'))
    symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'))
    for (const { title, source } of written('TypeScript'))
      writeFileSync(join(folder, `${title.replaceAll(/\W+/g, '-')}.ts`), source)
    const options = {
      target: 'es2024',
      module: 'nodenext',
      types: ['node'],
      strict: true,
      noEmit: true,
      skipLibCheck: true,
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['*.ts'] }))
    const tsc = join(project, 'node_modules/typescript7/bin/tsc')
    const { stdout } = await run(process.execPath, [tsc, '-p', folder, '--listFilesOnly'])
    expect(stdout.split('\n').filter((file) => file.startsWith(folder) && !file.includes('node_modules'))).toHaveLength(
      written('TypeScript').length,
    )
    expect(
      (await run(process.execPath, [tsc, '-p', folder]).catch((error: unknown) => error as { stdout: string })).stdout,
    ).toBe('')
  })

  test.each(written('TypeScript'))('$title runs in node and succeeds', async (sample) => {
    const { source, TOKEN } = await readyToRun(sample)
    const file = join(scratch, 'sample.ts')
    writeFileSync(file, source)
    const { stdout, stderr } = await run(process.execPath, ['--import', join(scratch, 'watch.js'), file], {
      env: { TOKEN },
    })
    expect(stderr.trim()).toBe(successOf(sample))
    expect(stdout.trim()).not.toBe('')
  })
})

describe('Python', () => {
  test.each(written('Python'))('$title names the method and the address of the operation', ({ source, operation }) => {
    const address = operation.path.replace(/\{\w+\}/g, '[\\w-]+')
    expect(source).toMatch(
      new RegExp(`\\nresponse = requests\\.${operation.method}\\(\n {4}"http://localhost:8000${address}",\n`),
    )
    expect(source.includes("os.environ['TOKEN']")).toBe(operation.security.length > 0)
    expect(source).not.toMatch(/\b(true|false|null)\b/)
  })

  test.runIf(hasPython)('every sample compiles', async () => {
    const files = written('Python').map(({ source }, index) => {
      const file = join(scratch, `sample-${index}.py`)
      writeFileSync(file, source)
      return file
    })
    await run('python3', ['-m', 'py_compile', ...files])
  })

  describe.runIf(hasRequests)('each', () => {
    let runner: PythonRunner
    beforeAll(() => {
      runner = startPython()
    })
    afterAll(() => runner.stop())

    test.each(written('Python'))('$title runs and succeeds', async (sample) => {
      const { source, TOKEN } = await readyToRun(sample)
      const stderr = await runner.run({
        source: `${source}\nimport sys\nprint(response.status_code, file=sys.stderr)`,
        TOKEN,
      })
      expect(stderr.trim()).toBe(successOf(sample))
    })
  })
})

describe('what is hard to quote', () => {
  const hard = `it's "5 > 4" \\ $HOME \`id\` %s é 😀\n\ttrue`
  const request = {
    example: 'hard',
    method: 'PUT',
    path: '/x',
    query: { q: `a&b=c d'"` },
    headers: { 'X-Hard': `'"$HOME\\` },
    needsToken: true,
    answers: 'json' as const,
    body: {
      mediaType: 'application/merge-patch+json',
      value: { 'a-b': hard, list: [null, true, 1.5, [hard]], nested: { "it's": {} } },
    },
  }
  const form = { ...request, body: { mediaType: 'application/x-www-form-urlencoded', value: { text: hard, n: 1 } } }
  const languages: [name: string, write: typeof curlSample, command: string, args: string[], there: boolean][] = [
    ['curl', curlSample, 'bash', ['-euc'], hasCurl || inCi],
    ['TypeScript', typescriptSample, process.execPath, ['--input-type=module-typescript', '-e'], true],
    ['Python', pythonSample, 'python3', ['-c'], hasRequests],
  ]

  test.each(languages.filter(([, , , , there]) => there))('%s sends it unchanged', async (_, write, command, args) => {
    for (const sample of [request, form]) {
      const { port, received, close } = await listenOnce()
      const source = write(sample).replace('http://localhost:8000', `http://127.0.0.1:${port}`)
      await run(command, [...args, source], { env: { PATH: process.env['PATH'], TOKEN: 't' } })
      const { head, text } = await received
      close()
      expect([head.method, new URL(head.url ?? '', 'http://x').searchParams.get('q')]).toEqual(['PUT', sample.query.q])
      expect(head.headers).toMatchObject({ authorization: 'Bearer t', 'x-hard': sample.headers['X-Hard'] })
      expect(head.headers['content-type']).toContain(sample.body.mediaType)
      if (sample === form) expect(Object.fromEntries(new URLSearchParams(text))).toEqual({ text: hard, n: '1' })
      else expect(JSON.parse(text)).toEqual(sample.body.value)
    }
  })
})

/** A server that keeps the first request it receives. */
async function listenOnce() {
  const { promise: received, resolve } = Promise.withResolvers<{ head: IncomingMessage; text: string }>()
  const listener = createServer((head, response) => {
    const chunks: Buffer[] = []
    head
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        resolve({ head, text: Buffer.concat(chunks).toString() })
        response.setHeader('Content-Type', 'application/json').end('{}')
      })
  })
  await new Promise<void>((ready) => listener.listen(0, '127.0.0.1', ready))
  const { port } = listener.address() as AddressInfo
  return { port, received, close: () => void listener.close() }
}
