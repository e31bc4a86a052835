import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { at, object, string } from '../../src/contract/document/document.ts'
import { problemKinds } from '../../src/http/problem-kinds.ts'
import { ask } from '../support/people.ts'
import { startServer } from '../support/server.ts'
import { document, exampleBody, operations } from './harness/document-examples.ts'

const root = { pointer: '', value: document.root }
const prose = string(object(document.root['info'])['description'])

/** The cells of the table under a heading, row by row. */
function table(heading: string): string[][] {
  const [, section = ''] = new RegExp(`^## ${heading}\n([\\s\\S]*?)(?=^## |$(?![\\s\\S]))`, 'm').exec(prose) ?? []
  const rows = section.split('\n').filter((line) => line.startsWith('|'))
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

test('the table of errors has every kind of problem, with its status and its page', () => {
  const listed = table('Errors').map(([status, link]) => ({ status: Number(status), link }))
  const kinds = Object.entries(problemKinds).map(([slug, { status }]) => ({
    status,
    link: `[${slug}](/problems/${slug})`,
  }))
  expect(listed.toSorted(bySlug)).toEqual(kinds.toSorted(bySlug))
})

test('the table of scopes has every scope, and is right about which of them a key may have', () => {
  const flows = at(document.root, root, 'components', 'securitySchemes', 'oauth2', 'flows', 'password', 'scopes').value
  const forKeys = at(document.root, root, 'components', 'schemas', 'ApiKeyScope').value['enum']
  const scopes = Object.keys(flows).map((scope) => [
    `\`${scope}\``,
    Array.isArray(forKeys) && forKeys.includes(scope) ? 'yes' : 'no',
  ])
  expect(table('Credentials and scopes').map(([scope, , keys]) => [scope, keys])).toEqual(scopes)
})

test('the limits of lists and bodies are those of their operations', () => {
  const said = new Map(table('Limits').map(([what = '', most]) => [what, most]))
  expect(said.get('sessions of an account')).toBe(String(mostOf('/users/me/sessions')))
  expect(said.get('API keys of an account')).toBe(String(mostOf('/api-keys')))
  const sizes = new Set(operations.flatMap(({ body }) => body?.maxBytes ?? []))
  expect(sizes).toEqual(new Set([2 * 1024 * 1024, 13 * 1024 * 1024, 4 * 1024]))
  expect(said.get('a request body')).toBe('2 MiB; 13 MiB for a note; 4 KiB for accounts and tokens')
})

test('every tag is in a group, because the reference omits others', () => {
  const groups = document.root['x-tagGroups'] as { tags: string[] }[]
  const tags = document.root['tags'] as { name: string }[]
  expect(groups.flatMap(({ tags: names }) => names)).toEqual(tags.map(({ name }) => name))
})

const hasCurl = spawnSync('curl', ['--version']).status === 0

test.skipIf(!hasCurl && process.env['CI'] !== 'true')('the commands to get started run unchanged', async () => {
  const [, script = ''] = /## Getting started\n[\s\S]*?```bash\n([\s\S]*?)```/.exec(prose) ?? []
  const server = await startServer()
  try {
    await ask(server, 'POST', '/auth/register', { body: exampleBody('registerUser') })
    const { stdout } = await promisify(execFile)('bash', [
      '-euc',
      script.replaceAll('http://localhost:8000', server.url),
    ])
    expect(stdout).toBe('[]')
  } finally {
    await server.stop()
  }
})

/** The maximum number of items of the list at a path. */
function mostOf(path: string): unknown {
  return at(document.root, root, 'paths', path, 'get', 'responses', '200', 'content', 'application/json', 'schema')
    .value['maxItems']
}

function bySlug(a: { link?: string | undefined }, b: { link?: string | undefined }): number {
  return (a.link ?? '').localeCompare(b.link ?? '')
}
