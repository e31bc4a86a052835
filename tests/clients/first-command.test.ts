import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { useServer } from '../support/fixtures.ts'

const project = join(import.meta.dirname, '..', '..')
const page = readFileSync(join(project, 'docs', 'clients.md'), 'utf8')
const blocks = [...page.matchAll(/^```bash\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)
const directory = mkdtempSync(join(tmpdir(), 'first-command-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const server = useServer()
const run = promisify(execFile)

/** The notes that a reader of the contract would create, and two that it refuses. */
const PROGRAM = `import type { paths } from './notes.js'

type NewNote = paths['/notes']['post']['requestBody']['content']['application/json']
export const notes: NewNote[] = [
  { title: 'Shopping', content: 'Milk' },
  { title: 'Shopping', content: 'Milk', tags: ['groceries'], is_pinned: true },
]
// @ts-expect-error: a note needs a title
export const untitled: NewNote = { content: 'Milk' }
// @ts-expect-error: a title is a text
export const numbered: NewNote = { title: 1, content: 'Milk' }
`

test('the first command of docs/clients.md makes types that take { title, content }', async () => {
  expect(blocks).toHaveLength(1)
  const command = String(blocks[0]).replaceAll('http://localhost:8000', server.url)
  // npx then takes the package that is installed here, if that is the version of the page.
  symlinkSync(join(project, 'node_modules'), join(directory, 'node_modules'))
  await run('bash', ['-ec', command], { cwd: directory, env: { ...process.env, npm_config_offline: 'true' } })
  writeFileSync(join(directory, 'program.ts'), PROGRAM)
  const compiler = join(project, 'node_modules', 'typescript7', 'bin', 'tsc')
  const settings = ['--strict', '--exactOptionalPropertyTypes', '--noEmit', '--module', 'nodenext']
  const compiled = run(process.execPath, [compiler, ...settings, 'program.ts'], { cwd: directory })
  expect(await compiled.catch((error: unknown) => error)).toMatchObject({ stdout: '' })
})
