import { execFile, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { loadDocument } from '../src/contract/document/document.ts'
import { useServer } from './support/fixtures.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const hasCurl = spawnSync('curl', ['--version']).status === 0

const server = useServer()

test.skipIf(!hasCurl && process.env['CI'] !== 'true')('the tour of the README runs word for word', async () => {
  const [, tour = ''] = /## The 60-second tour\n\n```bash\n([\s\S]*?)```/.exec(readme) ?? []
  const script = tour.replaceAll('http://localhost:8000', server.url).replaceAll(/^(curl|ID=|TOKEN=)/gm, 'echo; $1')
  // Not the synchronous kind, because the server under test runs in this process.
  const { stdout: output } = await promisify(execFile)('bash', ['-c', script])
  expect(output).toContain(`{"status":"healthy","version":"${loadDocument().version}"}`)
  expect(output).toMatch(/\{"id":"[0-9a-f-]{36}","email":"user@example.com","is_active":true,"created_at":"[^"]+"\}/)
  expect(output).toMatch(/\[\{"id":"[0-9a-f-]{36}","title":"First Note","content":"Hello","is_public":false/)
  expect(output).toMatch(/\[\{"id":"[0-9a-f-]{36}","title":"First Note","excerpt":"Hello","size":5/)
  expect(output).toContain('"title":"Renamed","content":"Hello"')
  expect(output).toContain('"status":412')
  expect(output.trim().split('\n').at(-1)).toBe('204')
})

const project = new URL('..', import.meta.url)
const pages = [
  ...readdirSync(project).filter((name) => name.endsWith('.md')),
  ...readdirSync(new URL('docs', project), { recursive: true }).map((name) => `docs/${String(name)}`),
  'openapi.yaml',
].filter((name) => /\.(md|yaml)$/.test(name))

/** The lines of shell blocks that have a comment: zsh takes it for arguments when a person pastes it. */
function commentedLines(text: string): string[] {
  const blocks = [...text.matchAll(/^ *```(?:ba|z)?sh(?:ell)?\n([\s\S]*?)^ *```$/gm)]
  return blocks
    .flatMap(([, block = '']) => block.split('\n'))
    .filter((line) => /(^|\s)#/.test(line.replaceAll(/'[^']*'|"(?:\\.|[^"\\])*"/g, '""')))
}

test('no shell block that people paste has a comment, which zsh would take for arguments', () => {
  expect(commentedLines('```bash\nls  # all\n# own line\ncurl a#b -d \'{"a":"# b"}\' "# \\" #"\n```\n')).toEqual([
    'ls  # all',
    '# own line',
  ])
  for (const name of pages)
    expect([name, commentedLines(readFileSync(new URL(name, project), 'utf8'))]).toEqual([name, []])
})

test('package.json, the contract and the image name one version', () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  expect(loadDocument().version).toBe(version)
  expect(readFileSync(new URL('../compose.yaml', import.meta.url), 'utf8')).toContain(`image: notes-api:${version}`)
  expect(readFileSync(new URL('../CHANGELOG.md', import.meta.url), 'utf8')).toContain(`## [${version}]`)
})
